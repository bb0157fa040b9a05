"""A route's deadline runs from the complete request to the complete answer."""

import time

from anteroom_harness.deadlines import scaled, wait_until
from anteroom_harness.stack import Stack


def test_a_handler_that_takes_too_long_is_504(stack: Stack, pump: str) -> None:
    stack.start(settings={"pools": {"main": {"timeout": "400ms"}}})
    with stack.connect() as connection:
        began = time.monotonic()
        connection.send_request("GET", "/diag/sleep?ms=60000")
        assert connection.read_response().status == 504
        assert 0.35 <= time.monotonic() - began < scaled(2)
        # The connection is fine: nothing of a late answer can get into it.
        connection.send_request("GET", "/diag/hello")
        assert connection.read_response().body.strip() == b"hello world"


def test_a_route_may_have_a_deadline_of_its_own(stack: Stack) -> None:
    stack.start(
        settings={
            "routes": [
                {"path": "/diag/sleep", "pool": "main", "timeout": "300ms"},
                {"path": "/", "pool": "main"},
            ]
        }
    )
    assert stack.get("/diag/sleep?ms=60000").status == 504
    assert stack.get("/diag/bytes?n=10&chunk=1&delay_ms=100").status == 200


def test_the_handler_is_told_and_its_thread_comes_free(stack: Stack) -> None:
    stack.start_backend(threads=1)
    stack.start_frontend({"pools": {"main": {"timeout": "300ms"}}})
    assert stack.get("/diag/sleep?ms=60000").status == 504
    # The only thread is asleep for a minute unless cancelling wakes it.
    wait_until(lambda: stack.get("/diag/hello").status == 200, "the thread to come free")


def test_a_deadline_that_passes_in_the_queue(stack: Stack) -> None:
    stack.start_backend(threads=1)
    stack.start_frontend(
        {
            "routes": [
                {"path": "/diag/hello", "pool": "main", "timeout": "300ms"},
                {"path": "/", "pool": "main"},
            ]
        }
    )
    with stack.connect() as occupant:
        occupant.send_request("GET", "/diag/sleep?ms=60000", {"X-Id": "occupant"})
        stack.wait_started("occupant")
        # It certainly had no effect, so it is the status that invites to try again.
        response = stack.get("/diag/hello", headers={"X-Id": "late"})
        assert response.status == 503
        assert int(response.header("Retry-After")) >= 1
    assert "late" not in stack.started_ids()


def test_an_answer_that_is_cut_by_the_deadline_cannot_be_taken_for_whole(stack: Stack) -> None:
    stack.start(settings={"pools": {"main": {"timeout": "500ms"}}})
    with stack.connect() as connection:
        connection.send_request("GET", "/diag/bytes?n=100000&chunk=1000&delay_ms=100")
        assert connection.read_head().status == 200
        try:
            rest = connection.read_to_end()
        except ConnectionError:
            rest = b""
        assert not rest.endswith(b"\r\n0\r\n\r\n")
        assert len(rest) < 100_000
    stack.frontend.wait_access_log(lambda line: line["outcome"] == "cut")
