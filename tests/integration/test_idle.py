"""Who has nothing to do does nothing: no polling anywhere."""

import time

import pytest
from anteroom_harness.stack import Stack

SECONDS = 5


@pytest.mark.slow
@pytest.mark.no_tsan
def test_idle_processes_sleep(stack: Stack, pump: str) -> None:
    stack.start(backends=2)
    with stack.connect() as connection:
        connection.send_request("GET", "/diag/hello")
        assert connection.read_response().status == 200
        # What the exchange set in motion may come to rest first: the measure starts when two looks agree.
        stack.wait_quiet()
        processes = [stack.frontend, *stack.backends]
        switches = [process.context_switches() for process in processes]
        cpu = [process.cpu_seconds() for process in processes]
        time.sleep(SECONDS)  # the measuring interval
        for process, before, cpu_before in zip(processes, switches, cpu):
            woken = process.context_switches() - before
            assert woken <= SECONDS, f"{process.name} woke {woken} times in {SECONDS} s: {process.threads()}"
            assert process.cpu_seconds() - cpu_before <= 0.02


@pytest.mark.slow
@pytest.mark.no_tsan
def test_a_waiting_request_costs_nothing(stack: Stack) -> None:
    stack.start(threads=1)
    with stack.connect() as running, stack.connect() as waiting:
        running.send_request("GET", "/diag/sleep?ms=60000", {"X-Id": "running"})
        stack.wait_started("running")
        waiting.send_request("GET", "/diag/hello")
        stack.wait_waiting(1)
        before = stack.frontend.context_switches()
        time.sleep(SECONDS)  # the measuring interval
        # The safety net for links with exchanges in flight looks ten times a second at most.
        assert stack.frontend.context_switches() - before <= 12 * SECONDS
        assert stack.frontend.cpu_seconds() < 2
