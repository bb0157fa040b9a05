"""What a handler answers is checked before a client sees any of it."""

import urllib.parse

import pytest
from anteroom_harness.deadlines import wait_until
from anteroom_harness.stack import Stack

HEADS = {
    "cr_in_value": "HTTP/1.1 200 OK\r\nX-A: b\rc\r\n\r\n",
    "cr_at_the_end_of_a_value": "HTTP/1.1 200 OK\r\nX-A: b\r\r\n\r\n",
    "lf_in_value": "HTTP/1.1 200 OK\r\nX-A: b\nSet-Cookie: c\r\n\r\n",
    "nul_in_value": "HTTP/1.1 200 OK\r\nX-A: b\0c\r\n\r\n",
    "del_in_value": "HTTP/1.1 200 OK\r\nX-A: b\x7fc\r\n\r\n",
    "space_in_name": "HTTP/1.1 200 OK\r\nX A: b\r\n\r\n",
    "space_before_colon": "HTTP/1.1 200 OK\r\nX-A : b\r\n\r\n",
    "folded_line": "HTTP/1.1 200 OK\r\nX-B: b\r\n X-A: c\r\n\r\n",
    "cr_in_name": "HTTP/1.1 200 OK\r\nX\rA: b\r\n\r\n",
    "lf_in_name": "HTTP/1.1 200 OK\r\nX\nA: b\r\n\r\n",
    "nul_in_name": "HTTP/1.1 200 OK\r\nX\0A: b\r\n\r\n",
    "non_ascii_name": "HTTP/1.1 200 OK\r\nX\xe9: b\r\n\r\n",
    "empty_name": "HTTP/1.1 200 OK\r\n: b\r\n\r\n",
    "status_zero": "HTTP/1.1 0 What\r\n\r\n",
    "status_too_small": "HTTP/1.1 42 What\r\n\r\n",
    "status_continue": "HTTP/1.1 100 Continue\r\n\r\n",
    "status_199": "HTTP/1.1 199 What\r\n\r\n",
    "status_600": "HTTP/1.1 600 What\r\n\r\n",
    "status_of_32_bits": "HTTP/1.1 2147483647 What\r\n\r\n",
    "body_with_204": "HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\nGET /evil",
    "body_with_304": "HTTP/1.1 304 Not Modified\r\nX-A: b\r\n\r\nGET /evil",
    "status_too_large": "HTTP/1.1 1000 What\r\n\r\n",
    "interim_status": "HTTP/1.1 101 Switching Protocols\r\n\r\n",
}


def raw(head: str) -> str:
    return "/diag/response?raw=" + urllib.parse.quote(head, safe="")


@pytest.mark.parametrize("name", HEADS)
def test_an_invalid_head_is_502(shared: Stack, name: str) -> None:
    with shared.connect() as connection:
        connection.send_request("GET", raw(HEADS[name]))
        response = connection.read_response()
        assert response.status == 502
        assert response.all("X-A") == []
        assert b"evil" not in response.body
        # Neither the connection nor the backend suffers.
        connection.send_request("GET", "/diag/hello")
        assert connection.read_response().body.strip() == b"hello world"


@pytest.mark.parametrize(
    "fields",
    [
        "Content-Length: 5",
        "Content-Length: 0\r\nContent-Length: 7",
        "Transfer-Encoding: chunked",
        "Connection: close",
        "Connection: X-Private\r\nX-Private: 1",
        "Upgrade: websocket",
        "Keep-Alive: timeout=5",
        "Proxy-Connection: close",
        "TE: trailers",
        "Trailer: X-A",
    ],
)
def test_framing_and_hop_by_hop_fields_are_the_front_ends_own(shared: Stack, fields: str) -> None:
    with shared.connect() as connection:
        connection.send_request("GET", raw(f"HTTP/1.1 200 OK\r\n{fields}\r\n\r\n"))
        response = connection.read_response()
        assert response.status == 502
        assert response.all("Upgrade") == []
        # What follows on the connection is in step.
        connection.send_request("GET", "/diag/hello")
        assert connection.read_response().body.strip() == b"hello world"


def test_a_refused_answer_is_counted_and_in_the_process_log(stack: Stack) -> None:
    stack.start()
    for _ in range(20):
        assert stack.get(raw("HTTP/1.1 200 OK\r\nA: b\x01\r\n\r\n")).status == 502
    wait_until(
        lambda: stack.metrics().sum("anteroom_frontend_exchanges_total", outcome="backend_invalid") == 20,
        "all of them to be counted",
    )
    stack.frontend.wait_log(r"warn +answer refused backend=\S+ id=\w{22} reason=.+")
    assert stack.frontend.log().count("answer refused") < 10


def test_fields_with_unusual_but_valid_bytes_pass(shared: Stack) -> None:
    response = shared.get(raw("HTTP/1.1 200 OK\r\nX-A: \xe9 \t ~\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\n"))
    assert response.status == 200
    # The reader decodes as Latin-1 and trims white space at the ends; the bytes are those of UTF-8.
    assert response.header("X-A") == "\xc3\xa9 \t ~"
    assert response.all("Set-Cookie") == ["a=1", "b=2"]


def test_set_cookie_is_never_joined(shared: Stack) -> None:
    response = shared.get(raw("HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nX-B: 1\r\nSet-Cookie: b=2, c\r\n\r\n"))
    assert response.status == 200
    assert response.all("Set-Cookie") == ["a=1", "b=2, c"]


def test_a_handler_that_never_answers_is_504(stack: Stack) -> None:
    stack.start(settings={"pools": {"main": {"timeout": "400ms"}}})
    stack.backend.tolerate_crash()  # its handler cannot be stopped, so the drain cannot succeed
    assert stack.get("/diag/hang").status == 504
    assert stack.get("/diag/hello").status == 200
    stack.frontend.stop()
    stack.backend.kill()
