"""What processes cost: CPU time, memory and context switches, whole process trees at a time.

CPU time comes from the kernel's per-process clock (the one behind clock_getcpuclockid): user and system time of all
threads, those that have ended included, in nanoseconds. utime and stime in /proc/PID/stat are the same time rounded to
10 ms, which would be several per cent of a short run.
"""

import os
import time
from dataclasses import dataclass

PROC = "/proc"


def parse_stat(text):
    """Parent's process id, and user plus system time in ticks, from the text of /proc/PID/stat.

    The command name stands in parentheses and may hold spaces and parentheses itself: count from the last one.
    """
    fields = text[text.rindex(")") + 2:].split()
    return int(fields[1]), int(fields[11]) + int(fields[12])


def parse_status(text):
    """The lines of /proc/PID/status as a dictionary of strings."""
    pairs = (line.split(":", 1) for line in text.splitlines() if ":" in line)
    return {name: value.strip() for name, value in pairs}


def _read(*parts):
    with open(os.path.join(PROC, *(str(part) for part in parts)), encoding="utf-8", errors="replace") as file:
        return file.read()


def process_tree(roots):
    """`roots` and everything that descends from them, by one pass over /proc."""
    children = {}
    for entry in os.listdir(PROC):
        if not entry.isdigit():
            continue
        try:
            parent, _ = parse_stat(_read(entry, "stat"))
        except (FileNotFoundError, ProcessLookupError):
            continue  # ended while we looked
        children.setdefault(parent, []).append(int(entry))
    found, queue = [], list(roots)
    while queue:
        pid = queue.pop()
        found.append(pid)
        queue.extend(children.get(pid, []))
    return sorted(found)


def cpu_ns(pid):
    """CPU time of the process so far. Raises ProcessLookupError when there is no such process."""
    try:
        return time.clock_gettime_ns((~pid << 3) | 2)  # MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED)
    except OSError as error:
        raise ProcessLookupError(f"process {pid} has ended") from error


def cpu_ticks(pid):
    """User plus system time as top shows it, in ticks (usually 10 ms)."""
    return parse_stat(_read(pid, "stat"))[1]


def rss_bytes(pids):
    """Resident memory; pages shared between the processes count once for each."""
    return sum(int(parse_status(_read(pid, "status"))["VmRSS"].split()[0]) * 1024 for pid in pids)


def peak_rss_bytes(pids):
    """The most resident memory that each process ever had, or had since reset_peak_rss(), added up."""
    return sum(int(parse_status(_read(pid, "status"))["VmHWM"].split()[0]) * 1024 for pid in pids)


def reset_peak_rss(pids):
    for pid in pids:
        with open(os.path.join(PROC, str(pid), "clear_refs"), "w", encoding="ascii") as file:
            file.write("5\n")  # CLEAR_REFS_MM_HIWATER_RSS


@dataclass(frozen=True)
class Switches:
    """Context switches of one thread so far."""

    thread: str
    voluntary: int
    involuntary: int


def context_switches(pid):
    """Thread id -> Switches, for every thread of the process."""
    found = {}
    for tid in os.listdir(os.path.join(PROC, str(pid), "task")):
        try:
            status = parse_status(_read(pid, "task", tid, "status"))
        except (FileNotFoundError, ProcessLookupError):
            continue
        found[int(tid)] = Switches(
            status["Name"],
            int(status["voluntary_ctxt_switches"]),
            int(status["nonvoluntary_ctxt_switches"]),
        )
    return found


def thread_cpu_ns(pid):
    """Thread id -> CPU time so far, for every thread of the process."""
    found = {}
    for tid in os.listdir(os.path.join(PROC, str(pid), "task")):
        try:
            found[int(tid)] = int(_read(pid, "task", tid, "schedstat").split()[0])
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


class CpuMeter:
    """CPU time of some process trees between two moments.

    Processes that appear in between count from their start. One that disappears makes the measurement void: servers
    don't end under load.
    """

    def __init__(self, roots):
        self._roots = list(roots)
        self._before = {pid: cpu_ns(pid) for pid in process_tree(self._roots)}

    def seconds(self):
        now = process_tree(self._roots)
        gone = set(self._before) - set(now)
        if gone:
            raise ProcessLookupError(f"processes ended while being measured: {sorted(gone)}")
        return sum(cpu_ns(pid) - self._before.get(pid, 0) for pid in now) / 1e9
