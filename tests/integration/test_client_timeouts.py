"""How long a client may take. Trickling bytes does not extend a deadline."""

import time

import pytest
from anteroom_harness.deadlines import scaled, wait_until
from anteroom_harness.http_client import Connection
from anteroom_harness.stack import Stack

# Seconds; what is to time out is short, what must not is long.
SHORT, LONG = 0.4, 30


def start(stack: Stack, **timeouts: float) -> Stack:
    settings = {"header": LONG, "body": LONG, "idle": LONG, "write": LONG} | timeouts
    return stack.start(settings={"timeouts": {name: f"{round(value * 1000)}ms" for name, value in settings.items()}})


def start_with_rate(stack: Stack, rate: int) -> None:
    stack.start(settings={"limits": {"body_rate": f"{rate}B"}, "timeouts": {"body_grace": f"{round(SHORT * 1000)}ms"}})


def trickle(connection: Connection, data: bytes) -> None:
    """A byte each 50 ms until the peer has had enough of it."""
    for byte in data:
        if not connection.receives_nothing_for(0.05):
            return
        connection.send(bytes([byte]))
    raise AssertionError(f"all of {len(data)} bytes were waited for")


def test_a_head_that_does_not_end_is_408(stack: Stack) -> None:
    start(stack, header=SHORT)
    with stack.connect() as connection:
        began = time.monotonic()
        connection.send(b"GET / HTTP/1.1\r\nHost: t\r\n")
        response = connection.read_response()
        assert response.status == 408
        assert response.header("Connection") == "close"
        assert SHORT * 0.9 <= time.monotonic() - began < scaled(SHORT + 2)
        assert connection.is_closed_by_peer()


def test_trickling_a_head_does_not_help(stack: Stack) -> None:
    start(stack, header=SHORT)
    with stack.connect() as connection:
        trickle(connection, b"GET /" + b"a" * 1000)
        assert connection.read_response().status == 408


def test_the_head_of_a_later_request_has_the_same_deadline(stack: Stack) -> None:
    start(stack, header=SHORT)
    with stack.connect() as connection:
        connection.send(b"GET /diag/hello HTTP/1.1\r\nHost: t\r\n\r\nGET /diag")
        assert connection.read_response().status == 200
        assert connection.read_response().status == 408
        assert connection.is_closed_by_peer()


def test_a_body_that_does_not_come_is_408(stack: Stack) -> None:
    start(stack, body=SHORT)
    with stack.connect() as connection:
        connection.send_request("POST", "/diag/echo", {"Content-Length": "10", "X-Id": "incomplete"})
        assert connection.read_response().status == 408
        assert connection.is_closed_by_peer()
    assert stack.started_ids() == []


def test_a_large_head_buys_no_time_for_the_body(stack: Stack) -> None:
    start_with_rate(stack, 1000)
    with stack.connect() as connection:
        began = time.monotonic()
        connection.send_request("POST", "/diag/echo", {"Content-Length": "10", "X-Large": "v" * 8000})
        assert connection.read_response().status == 408
        assert SHORT * 0.9 <= time.monotonic() - began < scaled(SHORT + 2)


def test_trickling_a_body_does_not_help(stack: Stack) -> None:
    start(stack, body=SHORT)
    with stack.connect() as connection:
        connection.send_request("POST", "/diag/echo", {"Content-Length": "1000"})
        trickle(connection, b"a" * 1000)
        assert connection.read_response().status == 408


def test_a_body_below_the_rate_is_408(stack: Stack) -> None:
    start_with_rate(stack, rate=1000)
    with stack.connect() as connection:
        connection.send_request("POST", "/diag/echo", {"Content-Length": "100000", "X-Id": "slow"})
        trickle(connection, b"a" * 1000)  # 20 bytes a second
        assert connection.read_response().status == 408
        assert connection.is_closed_by_peer()
    assert stack.started_ids() == []


def test_a_slow_body_above_the_rate_succeeds(stack: Stack) -> None:
    start_with_rate(stack, rate=100)
    with stack.connect() as connection:
        connection.send_request("POST", "/diag/echo", {"Content-Length": "1000"})
        for _ in range(9):
            connection.send(b"a" * 100)
            assert connection.receives_nothing_for(2 * SHORT / 10)  # past the grace, all in all
        connection.send(b"a" * 100)
        assert connection.read_response().json()["body_length"] == 1000


@pytest.mark.parametrize("requests", [0, 1])
def test_an_idle_connection_is_closed_without_a_word(stack: Stack, requests: int) -> None:
    start(stack, idle=SHORT)
    with stack.connect() as connection:
        for _ in range(requests):
            connection.send_request("GET", "/diag/hello")
            assert connection.read_response().status == 200
        assert connection.read_to_end() == b""


def test_a_connection_that_waits_for_its_answer_is_not_idle(stack: Stack) -> None:
    start(stack, idle=SHORT, header=SHORT)
    with stack.connect() as connection:
        connection.send_request("GET", f"/diag/sleep?ms={SHORT * 4000:.0f}")
        assert connection.read_response().status == 200


def test_a_client_that_stops_reading_is_cut(stack: Stack) -> None:
    start(stack, write=SHORT)
    with stack.connect(receive_buffer=4096) as connection:
        connection.send_request("GET", "/diag/bytes?n=50000000&chunk=60000")
        assert connection.read_head().status == 200
        stack.frontend.wait_access_log(lambda line: line["outcome"] == "write_timeout")


def test_a_client_that_reads_slowly_is_not_cut(stack: Stack) -> None:
    # The kernel says that there is room again when a third of the send buffer is free, which over loopback may be a
    # megabyte: so the deadline must leave time for that much.
    deadline = 1.0
    start(stack, write=deadline)
    size, piece = 6_000_000, 50_000
    with stack.connect(receive_buffer=4096) as connection:
        connection.send_request("GET", f"/diag/bytes?n={size}")
        assert connection.read_head().status == 200
        began = time.monotonic()
        for received in range(piece, size + 1, piece):
            connection.read_exactly(piece)
            ahead = began + 2 * deadline * received / size - time.monotonic()
            if ahead > 0:
                time.sleep(ahead)  # the reader's pace, not a wait for anything
        assert time.monotonic() - began >= 2 * deadline


BAD = b"GET / HTTP/1.1\r\nBad Name: x\r\n\r\n"


def refuse(connection: Connection) -> None:
    """An error answer behind which the connection is drained: the client sees the end, and may still send."""
    connection.send(BAD)
    assert connection.read_response().status == 400
    assert connection.is_closed_by_peer()


def test_a_refused_client_that_sends_on_is_drained_for_linger(stack: Stack) -> None:
    linger = 1.0
    start(stack, linger=linger, linger_pause=LONG)
    with stack.connect() as connection:
        began = time.monotonic()
        refuse(connection)
        with pytest.raises(ConnectionError):  # by a reset, once the front end has closed
            while time.monotonic() - began < scaled(linger + 5):
                connection.send(b"x")
                time.sleep(0.02)  # the sender's pace, not a wait for anything
        assert linger <= time.monotonic() - began < scaled(linger + 5)


def test_a_refused_client_that_falls_silent_is_drained_for_linger_pause(stack: Stack) -> None:
    pause = scaled(1)
    start(stack, linger=10 * LONG, linger_pause=pause)
    with stack.connect() as connection:
        began = time.monotonic()
        refuse(connection)
        while time.monotonic() - began < 1.5 * pause:
            last = time.monotonic()
            connection.send(b"x")
            time.sleep(pause / 20)  # the sender's pace, not a wait for anything
        assert stack.open_connections() == 1  # each byte begins the pause anew
        wait_until(lambda: stack.open_connections() == 0, "the end of the pause", timeout=pause + 5)
        assert pause <= time.monotonic() - last < scaled(pause + 5)
