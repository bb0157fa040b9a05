"""One client that asks at its own pace, whether or not earlier answers have come, and says what its p99 was.

It goes first on the servers' CPUs, and those it is to notice or not have a CPU of their own, and so has the test that
watches: on a kernel that is not preemptible they would make it late, and that would be measured as the server's."""

import json
import os
import statistics
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from anteroom_harness.binaries import binary
from anteroom_harness.stack import Stack

CPUS = sorted(os.sched_getaffinity(0))
OTHERS_CPU = CPUS[-1]  # of attackers and of whoever else the honest client is beside
SERVERS_CPUS = CPUS[:-1]
MOST_P99 = 1.2     # of that alone
STALL_MS = 0.5     # the processor did not run what was due for longer than this
UNDISTURBED = 0.6  # of the requests at least, else a round is not counted
ROUNDS = 3         # that are; each is the client alone, then beside the others
MOST_ROUNDS = 8
# Stalls that the machine's host accounts for are not the server's: up to this much more than it says, for its account
# is in steps of 10 ms and its bookkeeping is not all.
MOST_STALLED, SLACK_MS = 1.5, 30


@dataclass(frozen=True)
class Latency:
    p99_ms: float
    stalled_ms: float    # the sum of the stalls
    undisturbed: float   # share of the requests that p99_ms is of


def start_honest(stack: Stack, target: str, rate: int, seconds: float) -> subprocess.Popen[str]:
    host, port = stack.frontend.http
    return subprocess.Popen(
        [
            "taskset", "--cpu-list", ",".join(map(str, SERVERS_CPUS)), "chrt", "--fifo", "1", binary("anteroom-bench-openloop"), "--address", f"{host}:{port}",
            "--kind", f"honest=1:{target}", "--rate", str(rate), "--seconds", str(seconds), "--stalls", str(STALL_MS),
        ],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def latency(honest: subprocess.Popen[str], seconds: float) -> Latency:
    """Waits for it; asserts that everything was answered with 200. What was under way while the machine's host had the
    processor is not counted; when there were stalls that the host does not account for, all is."""
    try:
        output, _ = honest.communicate(timeout=seconds + 60)
    finally:
        honest.kill()
        honest.wait()
    summary = json.loads(output)
    (kind,) = summary["kinds"]
    assert kind["errors"] == {"status": {}, "connection": 0, "unanswered": 0}
    stalls = summary["stalls"]
    if stalls["ms"] > MOST_STALLED * stalls["stolen_ms"] + SLACK_MS:
        return Latency(kind["latency_us"]["p99"] / 1000, stalls["ms"], 1)
    p99 = kind["undisturbed_us"]["p99"] / 1000 if kind["undisturbed"] else 0
    return Latency(p99, stalls["ms"], kind["undisturbed"] / kind["ok"])


def assert_hardly_noticed(round_: Callable[[], tuple[Latency, Latency]]) -> None:
    """Compares the medians of rounds (alone, beside): what a machine does to one of them in its own interest is not the
    server's. Without a verdict when too few rounds were undisturbed."""
    rounds: list[tuple[Latency, Latency]] = []
    for _ in range(MOST_ROUNDS):
        measured = round_()
        if min(each.undisturbed for each in measured) >= UNDISTURBED:
            rounds.append(measured)
        if len(rounds) == ROUNDS:
            break
    else:
        pytest.skip(f"no verdict on latency: the machine's host disturbed {MOST_ROUNDS - len(rounds)} of {MOST_ROUNDS} rounds; repeat when it is quiet")
    alone, beside = (statistics.median(each.p99_ms for each in some) for some in zip(*rounds, strict=True))
    assert beside <= MOST_P99 * alone, f"{beside:.3f} ms beside, {alone:.3f} ms alone"


def told(alone: Latency, beside: Latency) -> str:
    return (
        f"p99 {alone.p99_ms:.3f} ms alone, {beside.p99_ms:.3f} ms beside"
        f" (undisturbed: {alone.undisturbed:.0%}, {beside.undisturbed:.0%})"
    )
