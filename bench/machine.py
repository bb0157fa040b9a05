"""Facts about the machine and the source, for the record. No names of hosts or people."""

import os
import platform
import subprocess


BUSY_LOAD = 0.5  # a load average above it disturbs what is measured


def usable_cpus():
    return len(os.sched_getaffinity(0))


def cpu_model():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def memory_gib():
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)


def facts():
    return {
        "cpu": cpu_model(),
        "cpus": usable_cpus(),
        "architecture": platform.machine(),
        "memory_gib": memory_gib(),
        "kernel": platform.release().partition("-")[0],
        "load_before": round(os.getloadavg()[0], 2),
    }


def commit(directory):
    """Short commit id, with "-dirty" when the tree differs from it."""
    return first_line(["git", "-C", directory, "describe", "--always", "--dirty", "--abbrev=12"]) or "unknown"


def first_line(argv):
    """The first line that a command prints on either stream; empty when it can't be run."""
    try:
        finished = subprocess.run(argv, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    lines = (finished.stdout + finished.stderr).strip().splitlines()
    return lines[0].strip() if lines else ""
