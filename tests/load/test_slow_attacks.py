"""Four thousand attackers of slowhttptest beside one honest client: it hardly notices, and they are gone in time.

The honest client asks 200 times a second, whether or not earlier answers have come, for a handler of 5 ms; so its p99 is
that of a service. Attackers sit on machines of their own: what slowhttptest computes is not what is measured."""

import pathlib
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from anteroom_harness.deadlines import wait_until
from anteroom_harness.stack import Stack
from honest_client import OTHERS_CPU, Latency, assert_hardly_noticed, latency, start_honest, told

ATTACKERS = 4000
QUIET_SECONDS = 10
ATTACK_SECONDS = 60     # at most; slowhttptest ends when all its connections are closed
BESIDE_SECONDS = 15     # the honest client's time beside the attack, from its beginning
HONEST_RATE, HONEST_TARGET = 200, "/diag/sleep?ms=5"
GONE_WITHIN = 15        # seconds after the attackers' deadline
HONEST_CONNECTIONS = 50  # what the honest client and the attack's own probe may have open at the end

HEADER, GRACE, IDLE, WRITE = 10, 5, 10, 10  # seconds, the deadlines of the configuration


@dataclass(frozen=True)
class Attack:
    name: str
    arguments: tuple[str, ...]
    target: str
    deadline: float  # seconds after the last of them has connected
    per_second: int = 1000

    def __str__(self) -> str:
        return self.name


FILE, HANDLER = "/static/file.bin", "/diag/bytes?n=262144"
SLOW_READ = ("-X", "-w", "512", "-y", "1024", "-n", "5", "-z", "32", "-k", "3")
ATTACKS = (
    Attack("slow_headers", ("-H", "-i", "5", "-x", "24"), "/diag/hello", HEADER),
    Attack("slow_body", ("-B", "-i", "5", "-s", "65536", "-x", "64"), "/diag/echo", GRACE),
    Attack("ranges", ("-R", "-t", "GET", "-a", "5", "-b", "1000"), FILE, IDLE),
    Attack("slow_read_of_a_file", SLOW_READ, FILE, WRITE),
    Attack("slow_read_of_a_handler", SLOW_READ, HANDLER, WRITE, per_second=250),
)


@contextmanager
def running(stack: Stack, attack: Attack) -> Iterator[subprocess.Popen[bytes]]:
    host, port = stack.frontend.http
    with (stack.directory / "slowhttptest.log").open("wb") as log:
        process = subprocess.Popen(
            [
                "taskset", "--cpu-list", str(OTHERS_CPU), "slowhttptest", *attack.arguments, "-c", str(ATTACKERS), "-r", str(attack.per_second),
                "-l", str(ATTACK_SECONDS), "-p", "10", "-u", f"http://{host}:{port}{attack.target}",
            ],
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=stack.directory,
        )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@dataclass(frozen=True)
class Beside:
    latency: Latency
    there: int              # connections when the last attacker had come
    resident_bytes: int     # what they had added by then
    gone_after: float       # seconds, from when the last of them had come


def attacked(stack: Stack, attack: Attack) -> Beside:
    resident = stack.frontend.resident_kib()
    accepted = stack.metrics().sum("anteroom_frontend_connections_accepted_total")
    with running(stack, attack):
        honest = start_honest(stack, HONEST_TARGET, HONEST_RATE, BESIDE_SECONDS)
        try:
            wait_until(
                lambda: stack.metrics().sum("anteroom_frontend_connections_accepted_total") >= accepted + ATTACKERS,
                "all attackers to connect",
                timeout=45,
                explain=lambda: (stack.directory / "slowhttptest.log").read_text(errors="replace")[-1000:],
                pause=0.5,
            )
            connected = time.monotonic()
            there = stack.open_connections()
            used = stack.frontend.resident_kib() - resident
        finally:
            beside = latency(honest, BESIDE_SECONDS)
        wait_until(
            lambda: stack.open_connections() <= HONEST_CONNECTIONS,
            "the attackers to be gone",
            timeout=max(connected + attack.deadline + GONE_WITHIN - time.monotonic(), 0),
            explain=lambda: f"{stack.open_connections()} are there still",
            pause=0.25,
        )
        return Beside(beside, there, 1024 * used, time.monotonic() - connected)


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_an_honest_client_hardly_notices(
    stack: Stack, tmp_path: pathlib.Path, attack: Attack, say: Callable[[str], None]
) -> None:
    directory = tmp_path / "static"
    directory.mkdir()
    (directory / "file.bin").write_bytes(bytes(1024 * 1024))
    stack.start(
        threads=8,
        settings={
            "timeouts": {
                "header": f"{HEADER}s", "body_grace": f"{GRACE}s", "idle": f"{IDLE}s", "write": f"{WRITE}s",
            },
            # So that what a handler has said goes to the spool, without 2 GB being made: that would be another attack.
            "spool": {"memory_per_body": "64KiB"},
            "routes": [{"path": "/static/", "static": {"root": str(directory)}}, {"path": "/", "pool": "main"}],
        },
    )  # fmt: skip
    latency(start_honest(stack, HONEST_TARGET, HONEST_RATE, 2), 2)  # what is made once is made
    memory_told = False

    def round_() -> tuple[Latency, Latency]:
        nonlocal memory_told
        alone = latency(start_honest(stack, HONEST_TARGET, HONEST_RATE, QUIET_SECONDS), QUIET_SECONDS)
        seen = attacked(stack, attack)
        say(f"{attack}: {told(alone, seen.latency)} {seen.there} connections, "
            f"gone {seen.gone_after:.1f} s after the last of them came")  # fmt: skip
        if not memory_told and seen.there >= ATTACKERS:  # later rounds find memory that is kept
            say(f"{attack}: {seen.resident_bytes / seen.there:.0f} bytes of resident memory for each of them")
        memory_told = True
        return alone, seen.latency

    assert_hardly_noticed(round_)
