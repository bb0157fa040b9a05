"""How many connections there may be, how long they live, and how they end."""

import pytest
from anteroom_harness.deadlines import scaled, wait_until
from anteroom_harness.http_client import Connection, ConnectionEnded
from anteroom_harness.stack import Stack

MIB = 1024 * 1024


def ask(connection: Connection) -> str | None:
    """Asks once; what the answer says of the connection."""
    connection.send_request("GET", "/diag/hello")
    response = connection.read_response()
    assert response.status == 200
    return response.header("Connection")


def test_the_last_request_of_a_connection_is_told_so(stack: Stack) -> None:
    stack.start(settings={"limits": {"requests_per_connection": 3}})
    with stack.connect() as connection:
        assert [ask(connection) for _ in range(3)] == [None, None, "close"]
        assert connection.is_closed_by_peer()


def received(stack: Stack) -> float:
    return stack.metrics().sum("anteroom_frontend_received_bytes_total")


def test_what_is_sent_ahead_is_read_up_to_the_bound(stack: Stack) -> None:
    look_ahead, count = 2048, 40
    stack.start(
        settings={
            "loops": 1,
            "limits": {"look_ahead": f"{look_ahead}B"},
            "pools": {"main": {"queue": {"wait": "60s"}}},
            "routes": [{"path": "/diag/", "pool": "main"}],
        }
    )
    stack.backend.kill()
    first = b"GET /diag/hello HTTP/1.1\r\nHost: t\r\n\r\n"
    ahead = b"GET /diag/hello?%s HTTP/1.1\r\nHost: t\r\n\r\n" % (b"a" * 1000)
    unrouted = b"GET / HTTP/1.1\r\nHost: t\r\n\r\n"
    with stack.connect(timeout=30) as connection, stack.connect() as other:
        connection.send(first)
        stack.wait_waiting(1)
        connection.send(ahead * count)
        # The one loop has seen those bytes once it has answered what came after them.
        other.send(unrouted)
        assert other.read_response().status == 404
        taken = len(first) + look_ahead + len(unrouted)
        wait_until(lambda: received(stack) >= taken, "what fits to be read")
        assert received(stack) == taken
        stack.restart_backend(stack.backend)
        for _ in range(1 + count):
            assert connection.read_response().status == 200


def test_an_old_connection_is_told_to_close(stack: Stack) -> None:
    age = scaled(1)
    stack.start(settings={"timeouts": {"connection": f"{age * 1000:.0f}ms"}})
    with stack.connect() as connection:
        assert ask(connection) is None
        connection.send_request("GET", f"/diag/sleep?ms={age * 1100:.0f}")
        assert connection.read_response().header("Connection") is None  # young when it was asked
        assert ask(connection) == "close"
        assert connection.is_closed_by_peer()


def test_an_address_has_as_many_connections_as_it_may(stack: Stack) -> None:
    stack.start(settings={"limits": {"connections_per_address": 2}})
    with stack.connect() as first, stack.connect() as second:
        assert ask(first) is None
        assert ask(second) is None
        with stack.connect() as third:
            assert third.is_closed_by_peer()
        with stack.connect(source="127.0.0.2") as elsewhere:
            assert ask(elsewhere) is None
    wait_until(lambda: stack.open_connections() == 0, "the connections to end")
    with stack.connect() as again:
        assert ask(again) is None
    assert stack.metrics().sum("anteroom_frontend_connections_refused_by_address_total") == 1


@pytest.mark.parametrize("size", [100_000, 10 * MIB])
def test_a_client_that_sends_on_still_gets_the_refusal(stack: Stack, size: int) -> None:
    """A close while bytes are unread would be a reset, which overtakes the answer."""
    stack.start(settings={"limits": {"body": "64KiB"}})
    with stack.connect(timeout=30) as connection:
        connection.send_request("POST", "/diag/echo", {"Content-Length": str(size)})
        sent = 0
        while sent < size:
            connection.send(bytes(65_536))  # a reset would raise
            sent += 65_536
        assert connection.read_response().status == 413
        assert connection.is_closed_by_peer()


def test_a_cut_answer_is_a_reset(stack: Stack) -> None:
    """To a client of HTTP/1.0 the end of the connection is the end of the body, so only a reset says that it is cut."""
    stack.start()
    with stack.connect() as connection:
        connection.send(b"GET /diag/bytes?n=100000&chunk=1000&delay_ms=1000 HTTP/1.0\r\nHost: t\r\n\r\n")
        assert connection.read_head().status == 200
        stack.backend.kill()
        with pytest.raises(ConnectionEnded, match="reset"):
            connection.read_exactly(100_000)


def test_few_descriptors_lower_the_number_of_connections(stack: Stack) -> None:
    stack.start_backend()
    frontend = stack.start_frontend(runner=["prlimit", "--nofile=128:128"])
    assert "few descriptors limit=128 limits.connections=15000 used=46 spool.files=4096 used=16" in frontend.log()
    connections = [Connection(frontend.http) for _ in range(60)]
    assert sum(is_answered(connection) for connection in connections) == 46
    for connection in connections:
        connection.close()
    wait_until(lambda: stack.open_connections() == 0, "the connections to end")
    with stack.connect() as again:
        assert ask(again) is None


def is_answered(connection: Connection) -> bool:
    try:
        return ask(connection) is None
    except ConnectionError:
        return False
