"""Request bodies arrive whole at the handler, whatever their framing and size."""

import hashlib
import random

import pytest
from anteroom_harness.http_client import request
from anteroom_harness.stack import Stack

MIB = 1024 * 1024


def some_bytes(count: int) -> bytes:
    return random.Random(count).randbytes(count)


def assert_echoes(echo: dict[str, object], body: bytes) -> None:
    assert echo["body_length"] == len(body)
    assert echo["body_sha256"] == hashlib.sha256(body).hexdigest()


# Around the sizes at which the wire changes from one message to chunks, and credit is needed.
@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 300_000, 5 * MIB])
def test_a_body_with_content_length(shared: Stack, size: int) -> None:
    body = some_bytes(size)
    assert_echoes(shared.post("/diag/echo", body).json(), body)


@pytest.mark.parametrize("sizes", [[1], [1, 2, 3], [65_536, 1], [100_000] * 7], ids=str)
def test_a_chunked_body(shared: Stack, sizes: list[int]) -> None:
    chunks = [some_bytes(size) for size in sizes]
    with shared.connect() as connection:
        connection.send_request("POST", "/diag/echo", {"Transfer-Encoding": "chunked"})
        for chunk in [*chunks, b""]:
            connection.send_chunk(chunk)
        assert_echoes(connection.read_response().json(), b"".join(chunks))


def test_an_empty_chunked_body(shared: Stack) -> None:
    with shared.connect() as connection:
        connection.send_request("POST", "/diag/echo", {"Transfer-Encoding": "chunked"})
        connection.send_chunk(b"")
        assert_echoes(connection.read_response().json(), b"")


def test_chunk_extensions_and_trailers_are_not_part_of_the_body(shared: Stack) -> None:
    with shared.connect() as connection:
        connection.send_request("POST", "/diag/echo", {"Transfer-Encoding": "chunked"})
        connection.send(b'3;name="value"\r\nabc\r\n0\r\nX-Trailer: yes\r\n\r\n')
        echo = connection.read_response().json()
        assert_echoes(echo, b"abc")
        assert "x-trailer" not in [name.lower() for name, _ in echo["headers"]]
        connection.send_request("GET", "/diag/hello")
        assert connection.read_response().status == 200


def test_twenty_mebibytes_up(shared: Stack) -> None:
    body = some_bytes(20 * MIB)
    response = request(shared.frontend.http, "POST", "/diag/echo", body=body, timeout=60)
    assert_echoes(response.json(), body)


def test_twenty_mebibytes_up_in_chunks(shared: Stack) -> None:
    body = some_bytes(20 * MIB)
    with shared.connect(timeout=60) as connection:
        connection.send_request("POST", "/diag/echo", {"Transfer-Encoding": "chunked"})
        for start in range(0, len(body), 50_000):
            connection.send_chunk(body[start : start + 50_000])
        connection.send_chunk(b"")
        assert_echoes(connection.read_response().json(), body)


def test_continue_is_sent_before_the_body_is(shared: Stack) -> None:
    with shared.connect() as connection:
        connection.send_request("POST", "/diag/echo", {"Expect": "100-continue", "Content-Length": "5"})
        assert connection.read_head().status == 100
        connection.send(b"hello")
        assert_echoes(connection.read_response().json(), b"hello")


def test_continue_is_not_needed_when_the_body_is_there(shared: Stack) -> None:
    with shared.connect() as connection:
        connection.send_request("POST", "/diag/echo", {"Expect": "100-continue"}, body=b"hello")
        response = connection.read_response()
        assert_echoes(response.json(), b"hello")
        assert response.interim in ([], [100])


def test_no_continue_for_a_body_that_will_not_be_taken(shared: Stack) -> None:
    with shared.connect() as connection:
        connection.send_request("POST", "/diag/echo", {"Expect": "100-continue", "Content-Length": str(1 << 40)})
        response = connection.read_response()
        assert response.status == 413
        assert response.interim == []
        assert connection.is_closed_by_peer()


def test_an_unknown_expectation_is_refused(shared: Stack) -> None:
    # RFC 9110, section 10.1.1: 417 is allowed, and hiding from the client that it isn't met is not.
    response = request(shared.frontend.http, "POST", "/diag/echo", {"Expect": "miracles"}, b"x")
    assert response.status in (400, 417)


def test_a_handler_that_ignores_the_body_leaves_the_connection_usable(shared: Stack) -> None:
    with shared.connect() as connection:
        for _ in range(3):
            connection.send_request("POST", "/diag/hello", body=some_bytes(2 * MIB))
            assert connection.read_response().status == 200
