"""A client that leaves frees everything that was held for it."""

import pytest
from anteroom_harness.deadlines import wait_until
from anteroom_harness.stack import Stack


@pytest.mark.parametrize("how", ["close", "reset"])
def test_the_handler_is_cancelled(stack: Stack, pump: str, how: str) -> None:
    stack.start(threads=1)
    connection = stack.connect()
    connection.send_request("GET", "/diag/sleep?ms=60000", {"X-Id": "left"})
    stack.wait_started("left")
    getattr(connection, how)()
    # The only thread would be asleep for a minute.
    assert stack.get("/diag/hello").status == 200
    line = stack.frontend.wait_access_log(lambda line: line["outcome"] == "client_gone")
    assert line["target"] == "/diag/sleep?ms=60000"


def test_a_client_that_has_sent_more_than_is_read_ahead_is_missed_too(stack: Stack, pump: str) -> None:
    stack.start(threads=1)
    connection = stack.connect()
    connection.send_request("GET", "/diag/sleep?ms=60000", {"X-Id": "left"})
    connection.send(b"GET /" + b"a" * 60_000)
    stack.wait_started("left")
    connection.close()
    assert stack.get("/diag/hello").status == 200
    stack.frontend.wait_access_log(lambda line: line["outcome"] == "client_gone")
    wait_until(lambda: stack.open_connections() == 0, "the connections to end")


def test_a_response_that_nobody_reads_any_more_is_given_up(stack: Stack) -> None:
    stack.start(threads=1)
    with stack.connect(receive_buffer=4096) as connection:
        connection.send_request("GET", "/diag/bytes?n=1000000000&chunk=60000", {"X-Id": "left"})
        assert connection.read_head().status == 200
        connection.reset()
    assert stack.get("/diag/hello").status == 200


def test_an_upload_that_breaks_off_reaches_no_handler(stack: Stack) -> None:
    stack.start()
    with stack.connect() as connection:
        connection.send_request("POST", "/diag/echo", {"Content-Length": "1000000", "X-Id": "half"})
        connection.send(bytes(500_000))
        connection.reset()
    stack.frontend.wait_access_log(lambda line: line["outcome"] == "client_gone")
    assert stack.get("/diag/hello").status == 200
    assert stack.started_ids() == []


def test_pipelined_requests_of_a_client_that_left_are_dropped(stack: Stack) -> None:
    stack.start(threads=1)
    with stack.connect() as connection:
        connection.send_request("GET", "/diag/sleep?ms=60000", {"X-Id": "first"})
        connection.send_request("GET", "/diag/sleep?ms=60000", {"X-Id": "second"})
        stack.wait_started("first")
        connection.reset()
    assert stack.get("/diag/hello").status == 200


def test_leaving_clients_leak_nothing(stack: Stack, cycles: int) -> None:
    stack.start(threads=2)
    stack.get("/diag/hello")
    # Once a socket to a backend has been full, its link keeps one more descriptor, with which it waits for room.
    links = 2  # of two loops with one backend
    stack.wait_links(links)
    lasting = stack.frontend.descriptors() + links
    for number in range(cycles):
        with stack.connect() as connection:
            connection.send_request("POST", "/diag/sleep?ms=60000", {"X-Id": f"left-{number}"}, bytes(100_000))
            if number % 2:
                stack.wait_started(f"left-{number}")
            connection.reset()
    wait_until(lambda: stack.frontend.descriptors() <= lasting, "descriptors to be closed")
    assert stack.get("/diag/hello").status == 200
    wait_until(lambda: stack.waiting() == 0, "the queue to be empty")
