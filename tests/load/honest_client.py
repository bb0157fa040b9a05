"""One client that asks at its own pace, whether or not earlier answers have come, and says what its p99 was.

It goes first on its CPU, and those it is to notice or not have a CPU of their own: on a kernel that is not preemptible
they would make it late, and that would be measured as the server's."""

import json
import os
import subprocess
from dataclasses import dataclass

from anteroom_harness.binaries import binary
from anteroom_harness.stack import Stack

CPUS = sorted(os.sched_getaffinity(0))
OTHERS_CPU = CPUS[-1]  # of attackers and of whoever else the honest client is beside


@dataclass(frozen=True)
class Latency:
    p99_ms: float
    late_ms: float  # p99 of how late the client itself was


def start_honest(stack: Stack, target: str, rate: int, seconds: float) -> subprocess.Popen[str]:
    host, port = stack.frontend.http
    return subprocess.Popen(
        [
            "chrt", "--fifo", "1", binary("anteroom-bench-openloop"), "--address", f"{host}:{port}",
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
