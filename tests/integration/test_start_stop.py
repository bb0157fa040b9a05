"""Starting and stopping, many times and under load: no hang, no leak, no lost answer."""

import pytest
from anteroom_harness.load import Load
from anteroom_harness.stack import Stack


@pytest.mark.slow
def test_cycles_of_both_tiers_under_load(stack: Stack, cycles: int) -> None:
    backend = stack.start_backend()
    for _ in range(cycles):
        frontend = stack.start_frontend({"drain": {"delay": "100ms"}}, endpoints=[backend.endpoint])
        with Load(frontend.http, clients=4, may_connect=frontend.ready) as load:
            load.wait_answers(20)
            frontend.terminate()
            load.wait_clients_ended()
        load.assert_no_failure()
        frontend.stop()
        backend.stop()
        backend = stack.restart_backend(backend)


def test_a_front_end_that_is_told_to_stop_at_once(stack: Stack, cycles: int) -> None:
    backend = stack.start_backend()
    for _ in range(cycles):
        stack.start_frontend(endpoints=[backend.endpoint], ready=False).stop()


def test_a_backend_that_is_told_to_stop_at_once(stack: Stack, cycles: int) -> None:
    for _ in range(cycles):
        stack.start_backend().stop()


def test_a_front_end_without_any_backend_stops(stack: Stack) -> None:
    stack.start_frontend(endpoints=["127.0.0.1:1"], ready=False).stop()


def test_backends_come_and_go_under_one_front_end(stack: Stack, cycles: int) -> None:
    backend = stack.start_backend()
    frontend = stack.start_frontend()
    with Load(frontend.http, clients=4) as load:
        load.wait_answers(50)
        before = frontend.descriptors()
        for _ in range(cycles):
            backend.stop()
            backend = stack.restart_backend(backend)
            load.wait_answers(10)
        assert frontend.descriptors() <= before + 4
    load.assert_no_failure()
