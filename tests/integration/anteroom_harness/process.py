"""One running program: its log, its ports, how it ended."""

import os
import pathlib
import re
import signal
import subprocess
from collections import Counter
from contextlib import suppress

from .binaries import environment
from .deadlines import scaled, wait_until
from .http_client import get

Address = tuple[str, int]

# What the sanitizers print. The exit status alone would do, but a report says why.
SANITIZER_REPORT = re.compile(
    r"ERROR: \w+Sanitizer|WARNING: \w+Sanitizer|SUMMARY: \w+Sanitizer|: runtime error: "
)


class Process:
    """Started at once; its standard error goes to a file, which is its log. Ports are learnt from the log."""

    def __init__(
        self, name: str, arguments: list[str], directory: pathlib.Path, env: dict[str, str] | None = None
    ):
        self.name = name
        self.log_path = directory / f"{name}.log"
        self.output_path = directory / f"{name}.out"
        # How it may end: TERM must lead to 0. Tests that kill or break it on purpose say so.
        self.expected_status: int | None = 0
        with self.log_path.open("wb") as log, self.output_path.open("wb") as output:
            self._popen = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=log,
                env=environment() | (env or {}),
                cwd=directory,
            )
        self.pid = self._popen.pid

    # -- log

    def log(self) -> str:
        return self.log_path.read_text(errors="backslashreplace")

    def log_tail(self, lines: int = 30) -> str:
        tail = "\n".join(self.log().splitlines()[-lines:])
        return f"--- end of the log of {self.name} (pid {self.pid}, {self.state()}) ---\n{tail}"

    def wait_log(self, pattern: str, timeout: float = 5.0) -> re.Match[str]:
        """Waits for a line that matches, and returns the match."""

        def found() -> re.Match[str] | None:
            match = re.search(pattern, self.log())
            if match is None and not self.running():
                raise AssertionError(f"{self.name} ended before it logged {pattern!r}\n{self.log_tail()}")
            return match

        return wait_until(found, f"{self.name} to log {pattern!r}", timeout, self.log_tail)

    def _logged_address(self, key: str) -> Address:
        host, port = self.wait_log(rf"listening\b.*\b{key}=(\S+):(\d+)", timeout=15.0).groups()
        return host.strip("[]"), int(port)

    # -- life

    def running(self) -> bool:
        return self._popen.poll() is None

    def state(self) -> str:
        status = self._popen.poll()
        return "running" if status is None else f"ended with {status}"

    def send_signal(self, number: int) -> None:
        self._popen.send_signal(number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL, and the test is fine with it."""
        self.expected_status = -signal.SIGKILL
        self._popen.kill()
        self._popen.wait()

    def tolerate_crash(self) -> None:
        """The test makes it crash: whatever ends it is fine, except what a sanitizer found."""
        self.expected_status = None

    def wait_exit(self, timeout: float = 10.0) -> int:
        try:
            return self._popen.wait(scaled(timeout))
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"{self.name} did not end within {scaled(timeout):.1f} s\n{self.stacks()}\n{self.log_tail()}"
            ) from None

    def stop(self, timeout: float = 10.0) -> None:
        """TERM, unless it has ended already; asserts that it ended as expected and left no report."""
        if self.running():
            self.terminate()
        try:
            status = self.wait_exit(timeout)
        except AssertionError:
            self._popen.kill()
            self._popen.wait()
            raise
        assert self.expected_status in (status, None), (
            f"{self.name} ended with {status} instead of {self.expected_status}\n{self.log_tail()}"
        )
        report = SANITIZER_REPORT.search(self.log())
        assert report is None, f"{self.name} left a sanitizer report\n{self.log()[report.start():][:20000]}"

    # -- health

    admin: Address  # set by subclasses

    def ready(self) -> bool:
        try:
            return get(self.admin, "/readyz").status == 200
        except OSError:
            return False

    def admin_status(self, target: str) -> int:
        return get(self.admin, target).status

    def wait_not_ready(self, timeout: float = 5.0) -> None:
        wait_until(lambda: not self.ready(), f"{self.name} to be no longer ready", timeout, self.log_tail)

    def wait_ready(self, timeout: float = 10.0) -> None:
        def ready() -> bool:
            assert self.running(), f"{self.name} ended before it was ready\n{self.log_tail()}"
            return self.ready()

        wait_until(ready, f"{self.name} to be ready", timeout, self.log_tail)

    # -- what the kernel knows of it

    def _proc(self, name: str) -> pathlib.Path:
        return pathlib.Path(f"/proc/{self.pid}/{name}")

    def threads(self) -> dict[str, str]:
        """Thread id -> name."""
        return {task.name: (task / "comm").read_text().strip() for task in self._proc("task").iterdir()}

    def stacks(self) -> str:
        """Where each thread waits in the kernel, for a message about a process that hangs."""
        lines = []
        for task in self._proc("task").iterdir():
            try:
                lines.append(f"{task.name} {(task / 'comm').read_text().strip()}: {(task / 'wchan').read_text()}")
            except OSError:
                pass
        return "\n".join(lines)

    def context_switches(self) -> int:
        """Voluntary ones of all threads: how often any of them went to sleep, hence was woken."""
        return self.switches_by_thread().total()

    def switches_by_thread(self) -> Counter[str]:
        """The same by "name/thread id"."""
        counts: Counter[str] = Counter()
        for task in self._proc("task").iterdir():
            match = re.search(r"^voluntary_ctxt_switches:\s+(\d+)", (task / "status").read_text(), re.M)
            counts[f"{(task / 'comm').read_text().strip()}/{task.name}"] = int(match.group(1)) if match else 0
        return counts

    def cpu_seconds(self) -> float:
        fields = self._proc("stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def open_files(self) -> dict[pathlib.Path, str]:
        """What its descriptors, by their links in /proc, are of. What is closed meanwhile is left out."""
        files = {}
        for link in self._proc("fd").iterdir():
            with suppress(FileNotFoundError):
                files[link] = os.readlink(link)
        return files

    def descriptors(self) -> int:
        return len(list(self._proc("fd").iterdir()))

    def resident_kib(self) -> int:
        return self._status_kib("VmRSS")

    def peak_resident_kib(self) -> int:
        return self._status_kib("VmHWM")

    def _status_kib(self, name: str) -> int:
        return int(re.search(rf"^{name}:\s+(\d+)", self._proc("status").read_text(), re.M).group(1))
