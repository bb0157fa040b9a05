"""Requests wait for a free thread, within bounds; beyond them the answer is 503 and says when to come back."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from anteroom_harness.deadlines import scaled, wait_until
from anteroom_harness.http_client import Connection, Response
from anteroom_harness.load import Load
from anteroom_harness.stack import Stack


def start(stack: Stack, threads: int = 1, loops: int = 2, **queue: object) -> Stack:
    stack.start_backend(threads=threads)
    stack.start_frontend({"loops": loops, "pools": {"main": {"queue": queue}}})
    # A link that comes up tries its backend with a request that waits, which has left the queue for that moment.
    stack.wait_links(loops)
    return stack


@contextmanager
def occupied(stack: Stack, threads: int = 1) -> Iterator[list[Connection]]:
    """Every thread of the backend sleeps until the block ends (their clients leave then)."""
    connections = []
    for number in range(threads):
        connection = stack.connect()
        connection.send_request("GET", "/diag/sleep?ms=60000", {"X-Id": f"occupant-{number}"})
        connections.append(connection)
        stack.wait_started(f"occupant-{number}")
    yield connections
    for connection in connections:
        connection.close()


def assert_asks_to_retry(response: Response) -> None:
    assert response.status == 503
    assert int(response.header("Retry-After")) >= 1


def test_waiting_requests_are_served_in_order_of_arrival(stack: Stack, pump: str) -> None:
    start(stack, loops=1)
    waiting = []
    with occupied(stack):
        for number in range(5):
            connection = stack.connect()
            connection.send_request("GET", "/diag/hello", {"X-Id": f"waiting-{number}"})
            waiting.append(connection)
            stack.wait_waiting(number + 1)
    for connection in waiting:
        assert connection.read_response().status == 200
        connection.close()
    order = [name for name in stack.started_ids() if name.startswith("waiting")]
    assert order == [f"waiting-{number}" for number in range(5)]


def test_one_more_than_the_queue_holds_is_503_at_once(stack: Stack, pump: str) -> None:
    start(stack, requests=3)
    with occupied(stack):
        waiting = [stack.connect() for _ in range(3)]
        for number, connection in enumerate(waiting):
            connection.send_request("GET", "/diag/hello")
            stack.wait_waiting(number + 1)
        for _ in range(5):
            began = time.monotonic()
            assert_asks_to_retry(stack.get("/diag/hello"))
            assert time.monotonic() - began < scaled(1)
    # Those that were let in are served.
    for connection in waiting:
        assert connection.read_response().status == 200
        connection.close()


def test_a_refusal_leaves_the_connection_open(stack: Stack) -> None:
    start(stack, requests=1)
    with occupied(stack):
        with stack.connect() as waiting, stack.connect() as connection:
            waiting.send_request("GET", "/diag/hello")
            stack.wait_waiting(1)
            for _ in range(3):
                connection.send_request("GET", "/diag/hello")
                assert_asks_to_retry(connection.read_response())


def test_the_bytes_of_waiting_bodies_are_bounded(stack: Stack) -> None:
    # What counts is the memory that a body takes, between its size and twice that: one fits surely, four surely do not.
    stack.defaults = {"spool": {"memory_per_body": "2MiB"}}
    start(stack, bytes="4MiB")
    with occupied(stack), ExitStack() as open_connections:
        for number in range(4):
            connection = open_connections.enter_context(stack.connect())
            connection.send_request("POST", "/diag/echo", body=bytes(1_200_000))
            if not stack.takes_place(number + 1, connection):
                break
        assert 1 <= number <= 3
        assert_asks_to_retry(connection.read_response())


def test_who_waits_too_long_is_told_so(stack: Stack, pump: str) -> None:
    start(stack, wait="500ms")
    with occupied(stack):
        began = time.monotonic()
        response = stack.get("/diag/hello", headers={"X-Id": "impatient"})
        waited = time.monotonic() - began
        assert_asks_to_retry(response)
        assert 0.45 <= waited < scaled(2)
    assert "impatient" not in stack.started_ids()


def test_a_client_that_leaves_gives_up_its_place(stack: Stack, pump: str) -> None:
    start(stack)
    with occupied(stack):
        with stack.connect() as leaver:
            leaver.send_request("GET", "/diag/hello", {"X-Id": "leaver"})
            stack.wait_waiting(1)
            leaver.reset()
        stack.wait_waiting(0)
    assert stack.get("/diag/hello").status == 200
    assert "leaver" not in stack.started_ids()


@pytest.mark.parametrize("threads", [1, 3])
def test_never_more_handlers_than_threads(stack: Stack, threads: int) -> None:
    start(stack, threads=threads)
    with Load(stack.frontend.http, "/diag/sleep?ms=5", clients=12) as load:
        load.wait_answers(200)
    load.assert_no_failure()
    assert stack.metrics(stack.backend).sum("anteroom_backend_running_max") == threads


def test_the_queue_is_empty_again_afterwards(stack: Stack) -> None:
    start(stack, threads=2)
    connections = [stack.connect(timeout=60) for _ in range(40)]
    for connection in connections:
        connection.send_request("GET", "/diag/sleep?ms=5")
    for connection in connections:
        assert connection.read_response().status == 200
        connection.close()
    wait_until(lambda: stack.waiting() == 0, "the queue to be empty")
