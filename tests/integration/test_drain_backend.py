"""TERM to a backend: it finishes what runs, gives back what has not started, and no client notices."""

import signal

import pytest
from anteroom_harness.load import Load
from anteroom_harness.stack import Stack


def test_a_rolling_restart_under_load_fails_nothing(stack: Stack, pump: str) -> None:
    stack.start(backends=2)
    with Load(stack.frontend.http, clients=16) as load:
        for number in range(4):
            load.wait_answers(300)
            old = stack.backends[number]
            old.stop()
            stack.restart_backend(old)
    load.assert_no_failure()


def test_posts_are_neither_lost_nor_doubled(stack: Stack) -> None:
    # POSTs are never redone, so every one of them must have been finished or returned.
    stack.start(backends=2, threads=2)
    with Load(stack.frontend.http, "/diag/sleep?ms=10", clients=16, method="POST", body_of=lambda: b"x") as load:
        for number in range(3):
            load.wait_answers(60)
            old = stack.backends[number]
            old.stop()
            stack.restart_backend(old)
    load.assert_no_failure()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT, signal.SIGINT])
def test_what_runs_is_finished(stack: Stack, number: signal.Signals) -> None:
    stack.start()
    with stack.connect() as connection:
        connection.send_request("POST", "/diag/sleep?ms=700", {"X-Id": "running"}, b"x")
        stack.wait_started("running")
        stack.backend.send_signal(number)
        assert connection.read_response().status == 200
    assert stack.backend.wait_exit() == 0


def test_what_has_not_started_goes_to_another(stack: Stack) -> None:
    stack.start(backends=1, threads=1)
    with stack.connect() as running, stack.connect() as waiting:
        running.send_request("POST", "/diag/sleep?ms=700", {"X-Id": "running"}, b"x")
        stack.wait_started("running")
        waiting.send_request("POST", "/diag/echo", {"X-Id": "waiting"}, b"x")
        stack.wait_waiting(1)
        old = stack.backend
        old.terminate()
        assert running.read_response().status == 200
        assert old.wait_exit() == 0
        stack.restart_backend(old)
        assert waiting.read_response().status == 200
    assert sorted(stack.started_ids()) == ["running", "waiting"]


def test_a_draining_backend_is_not_ready_and_still_alive(stack: Stack) -> None:
    stack.start()
    with stack.connect() as connection:
        connection.send_request("GET", "/diag/sleep?ms=1500", {"X-Id": "running"})
        stack.wait_started("running")
        stack.backend.terminate()
        stack.backend.wait_not_ready()
        assert stack.backend.admin_status("/livez") == 200
        assert connection.read_response().status == 200


def test_an_idle_backend_ends_at_once(stack: Stack) -> None:
    stack.start()
    stack.backend.terminate()
    assert stack.backend.wait_exit(timeout=2) == 0
