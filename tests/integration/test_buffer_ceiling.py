"""limits.buffers bounds what clients make the front end hold beside bodies, too: heads that do not end, and what lies
behind a request that is being answered."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from anteroom_harness.deadlines import wait_until
from anteroom_harness.http_client import Connection
from anteroom_harness.stack import Stack

MIB = 1024 * 1024
MOST = 4 * MIB
CLIENTS = 200  # which would hold more than that


def unfinished_head(connection: Connection, _: int) -> None:
    fields = b"".join(b"x-%d: %s\r\n" % (number, b"v" * 8000) for number in range(3))
    connection.send(b"GET /diag/hello HTTP/1.1\r\nHost: t\r\n" + fields)


def behind_a_request(connection: Connection, number: int) -> None:
    waiting = b"GET /diag/sleep?ms=600000 HTTP/1.1\r\nHost: t\r\nX-Id: w%d\r\n\r\n" % number
    connection.send(waiting + b"GET /" + b"a" * 60_000)


@contextmanager
def many(stack: Stack, send: Callable[[Connection, int], None]) -> Iterator[None]:
    connections = []
    try:
        for number in range(CLIENTS):
            connections.append(stack.connect())
            try:
                send(connections[-1], number)
            except ConnectionError:
                pass  # refused while it was sending
        yield
    finally:
        for connection in connections:
            connection.close()


def held(stack: Stack) -> float:
    return stack.metrics().sum("anteroom_frontend_buffered_bytes")


def start(stack: Stack, **settings: object) -> None:
    stack.start(settings={"loops": 1, "limits": {"buffers": MOST}, "timeouts": {"header": "60s"}, **settings})
    assert stack.get("/diag/hello").status == 200


def wait_full(stack: Stack) -> None:
    wait_until(lambda: held(stack) > 0.85 * MOST, "the memory to be taken", explain=stack.log_tails)
    wait_until(
        lambda: stack.metrics().sum("anteroom_frontend_exchanges_total", outcome="overload") > 0,
        "a request to be refused", explain=stack.log_tails,
    )  # fmt: skip


SENDERS = pytest.mark.parametrize("send", [unfinished_head, behind_a_request])


@SENDERS
def test_what_clients_make_it_hold_is_bounded(stack: Stack, send: Callable[[Connection, int], None]) -> None:
    start(stack)
    with many(stack, send):
        wait_full(stack)
        assert held(stack) <= 1.1 * MOST
    wait_until(lambda: held(stack) == 0, "it to be free", explain=stack.log_tails)
    wait_until(lambda: stack.get("/diag/hello").status == 200, "requests to be served", explain=stack.log_tails)


@pytest.mark.no_asan
@pytest.mark.no_tsan
@SENDERS
def test_what_is_counted_is_what_it_takes(stack: Stack, send: Callable[[Connection, int], None]) -> None:
    start(stack)
    before = stack.frontend.resident_kib()
    with many(stack, send):
        wait_full(stack)
        # What else a connection takes is a few hundred bytes, and the allocator keeps some for later.
        assert stack.frontend.resident_kib() - before <= 2 * MOST / 1024


def test_what_lies_unread_behind_an_answer_is_answered_in_a_drain(stack: Stack) -> None:
    """Short of memory nothing is read ahead; a drain looks into the socket before it closes it."""
    start(stack, drain={"close": "0s"})
    with stack.connect(receive_buffer=4096, timeout=30) as connection:
        connection.send_request("GET", "/diag/bytes?n=8388608&chunk=65536")
        assert connection.read_head().header("Connection") is None
        with many(stack, unfinished_head):
            wait_full(stack)
            connection.send_request("POST", "/diag/hello", {}, b"")
            stack.frontend.terminate()
            stack.frontend.wait_not_ready()
            connection.read_chunked()
            response = connection.read_response()
            assert response.status in (200, 503)  # is there memory again?
            assert response.header("Connection") == "close"
    assert stack.frontend.wait_exit() == 0
