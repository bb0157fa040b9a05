"""Who has nothing to do does nothing: no polling anywhere."""

import time
from collections import Counter

import pytest
from anteroom_harness.stack import Stack

SECONDS = 5

# gRPC 1.51 has timer threads of its own in every process that uses it; together they wake up to three times a second,
# and no setting of the library keeps them from it.
LIBRARY_THREADS = ("grpc_global_tim", "timer_manager", "default-executo", "resolver-execut")


def split(woken: Counter[str]) -> tuple[int, int]:
    """Wake-ups of our own threads, and of gRPC's."""
    library = sum(count for thread, count in woken.items() if thread.startswith(LIBRARY_THREADS))
    return woken.total() - library, library


@pytest.mark.slow
@pytest.mark.no_tsan
def test_idle_processes_sleep(stack: Stack, pump: str) -> None:
    stack.start(backends=2)
    with stack.connect() as connection:
        connection.send_request("GET", "/diag/hello")
        assert connection.read_response().status == 200
        processes = [stack.frontend, *stack.backends]
        switches = [process.switches_by_thread() for process in processes]
        cpu = [process.cpu_seconds() for process in processes]
        time.sleep(SECONDS)  # the measuring interval
        for process, before, cpu_before in zip(processes, switches, cpu):
            woken = process.switches_by_thread() - before
            ours, library = split(woken)
            # What the exchange above left to be done may fall into the interval.
            assert ours <= SECONDS + 5, f"{process.name}, in {SECONDS} s: {woken}"
            assert library <= 4 * SECONDS, f"{process.name}, in {SECONDS} s: {woken}"
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
        assert split(woken)[0] <= 60 * SECONDS, woken
        assert stack.frontend.cpu_seconds() - cpu_before <= 0.1
