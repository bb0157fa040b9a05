"""Starting and ending the servers under test. Nothing outlives the run: not after an error, not after Ctrl-C."""

import ctypes
import os
import random
import signal
import socket
import subprocess
import time

from accounting import process_tree

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)

START_TIMEOUT = 15  # seconds
STOP_TIMEOUT = 5


class StartError(Exception):
    """A server did not come up; the text says why, with the end of its output."""


def _end_with_parent():
    # Should this tool be killed outright, its servers get a TERM from the kernel.
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def free_port():
    """A TCP port below the ephemeral range, so that no client's connection takes it before the server binds it."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        ephemeral = int(file.read().split()[0])
    for _ in range(1000):
        port = random.randrange(10_000, max(ephemeral, 11_000))
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise StartError("no free port")


def accepts(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


class Server:
    """One started program and whatever processes it starts itself."""

    def __init__(self, name, process, log):
        self.name = name
        self.pid = process.pid
        self._process = process
        self._log = log

    def pids(self):
        return process_tree([self.pid])

    def alive(self):
        return self._process.poll() is None

    def log_tail(self):
        with open(self._log, encoding="utf-8", errors="replace") as file:
            return file.read()[-2000:].strip() or "no output"

    def obituary(self):
        """How the program ended and its last words; empty while it runs."""
        code = self._process.poll()
        if code is None:
            return ""
        how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return f"{self.name} ended ({how}): {self.log_tail()}"

    def stop(self):
        """TERM, and KILL for what is still there after a while. By process id, never by name."""
        if not self.alive():
            return
        pids = self.pids()
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self._process.wait()


class Processes:
    """The servers of one suite: `with Processes(directory) as processes:` ends them all, the last started first."""

    def __init__(self, directory):
        self.directory = directory
        self._servers = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        while self._servers:
            self._servers.pop().stop()

    def start(self, name, argv, ports, environment=None):
        """Starts a program and waits until each of `ports` accepts connections."""
        log = os.path.join(self.directory, f"{name}-{len(self._servers)}.log")
        with open(log, "wb") as output:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.directory,
                env={**os.environ, **(environment or {})},
                start_new_session=True,  # Ctrl-C is for this tool; it ends the servers in order
                preexec_fn=_end_with_parent,
            )
        server = Server(name, process, log)
        self._servers.append(server)
        deadline = time.monotonic() + START_TIMEOUT
        for port in ports:
            while not accepts(port):
                if not server.alive():
                    raise StartError(server.obituary())
                if time.monotonic() > deadline:
                    raise StartError(f"{name} does not listen on port {port}: {server.log_tail()}")
                time.sleep(0.02)
        return server
