"""One client that asks at its own pace, whether or not earlier answers have come, and says what its p99 was.

It goes first on the servers' CPUs, and those it is to notice or not have a CPU of their own, and so has the test that
watches: on a kernel that is not preemptible they would make it late, and that would be measured as the server's."""

import json
import os
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from anteroom_harness.binaries import binary
from anteroom_harness.stack import Stack

CPUS = sorted(os.sched_getaffinity(0))
OTHERS_CPU = CPUS[-1]  # of attackers and of whoever else the honest client is beside
SERVERS_CPUS = CPUS[:-1]
MOST_P99 = 1.2   # of that alone
MOST_LATE = 0.1  # by how much the client itself may be later or less late, of the p99 alone; else there is no verdict


@dataclass(frozen=True)
class Latency:
    p99_ms: float
    late_ms: float  # p99 of how late the client itself was


def start_honest(stack: Stack, target: str, rate: int, seconds: float) -> subprocess.Popen[str]:
    host, port = stack.frontend.http
    return subprocess.Popen(
        [
            "taskset", "--cpu-list", ",".join(map(str, SERVERS_CPUS)), "chrt", "--fifo", "1", binary("anteroom-bench-openloop"), "--address", f"{host}:{port}",
            "--kind", f"honest=1:{target}", "--rate", str(rate), "--seconds", str(seconds),
        ],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def latency(honest: subprocess.Popen[str], seconds: float) -> Latency:
    """Waits for it; asserts that everything was answered with 200."""
    try:
        output, _ = honest.communicate(timeout=seconds + 60)
    finally:
        honest.kill()
        honest.wait()
    summary = json.loads(output)
    (kind,) = summary["kinds"]
    assert kind["errors"] == {"status": {}, "connection": 0, "unanswered": 0}
    return Latency(kind["latency_us"]["p99"] / 1000, summary["lateness_us"]["p99"] / 1000)


def assert_hardly_noticed(alone: Sequence[Latency], beside: Sequence[Latency]) -> None:
    """Medians of the rounds: what a machine does to one of them in its own interest is not the server's. Latency counts
    from when a request was due, so what the client itself is late is in both; it must not be late otherwise."""
    p99_alone, p99_beside = (statistics.median(each.p99_ms for each in some) for some in (alone, beside))
    late_alone, late_beside = (statistics.median(each.late_ms for each in some) for some in (alone, beside))
    if abs(late_beside - late_alone) > MOST_LATE * p99_alone:
        pytest.skip(
            f"no verdict on latency: the client itself was late by {late_alone:.3f} ms alone, {late_beside:.3f} ms beside;"
            " repeat when it is quiet"
        )
    assert p99_beside <= MOST_P99 * p99_alone, f"{p99_beside:.3f} ms beside, {p99_alone:.3f} ms alone"
