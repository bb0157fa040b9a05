"""Who has nothing to do does nothing: no polling anywhere."""

import time
from collections.abc import Sequence

import pytest
from anteroom_harness.deadlines import wait_until
from anteroom_harness.process import Process
from anteroom_harness.stack import Stack

SECONDS = 10


def wait_at_rest(processes: Sequence[Process]) -> None:
    """Until what starting up and the first exchange left to be done is done: the last of it is the timer of the
    connect time-out (3 s), which a link that is up leaves to fire for nothing. A timer may wake its loop several times
    within a few milliseconds, since libevent reads a coarse clock."""

    def at_rest() -> bool:
        before = [process.context_switches() for process in processes]
        time.sleep(4)  # between two looks
        return all(process.context_switches() - count <= 4 for process, count in zip(processes, before))

    wait_until(at_rest, "processes to come to rest", timeout=30)


@pytest.mark.slow
@pytest.mark.no_tsan
def test_idle_processes_sleep(stack: Stack, pump: str) -> None:
    stack.start(backends=2)
    with stack.connect() as connection:
        connection.send_request("GET", "/diag/hello")
        assert connection.read_response().status == 200
        processes = [stack.frontend, *stack.backends]
        wait_at_rest(processes)
        switches = [process.switches_by_thread() for process in processes]
        cpu = [process.cpu_seconds() for process in processes]
        time.sleep(SECONDS)  # the measuring interval
        for process, before, cpu_before in zip(processes, switches, cpu):
            woken = process.switches_by_thread() - before
            # One in two seconds looks after gRPC's timers, see common/grpc_quiet.h.
            assert woken.total() <= SECONDS, f"{process.name}, in {SECONDS} s: {woken}"
            assert process.cpu_seconds() - cpu_before <= 0.03


@pytest.mark.slow
@pytest.mark.no_tsan
def test_waiting_costs_next_to_nothing(stack: Stack) -> None:
    stack.start(threads=1)
    with stack.connect() as running, stack.connect() as waiting:
        running.send_request("GET", "/diag/sleep?ms=60000", {"X-Id": "running"})
        stack.wait_started("running")
        waiting.send_request("GET", "/diag/hello")
        stack.wait_waiting(1)
        before, cpu_before = stack.frontend.switches_by_thread(), stack.frontend.cpu_seconds()
        time.sleep(SECONDS)  # the measuring interval
        # A link with exchanges in flight is looked at now and then, lest a lost wake-up go unnoticed.
        woken = stack.frontend.switches_by_thread() - before
        assert woken.total() <= 60 * SECONDS, woken
        assert stack.frontend.cpu_seconds() - cpu_before <= 0.1
