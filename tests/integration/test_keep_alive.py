"""One connection, many exchanges."""

from anteroom_harness.http_client import request
from anteroom_harness.stack import Stack


def test_a_connection_carries_many_exchanges(shared: Stack) -> None:
    with shared.connect() as connection:
        for _ in range(50):
            connection.send_request("GET", "/diag/hello")
            response = connection.read_response()
            assert response.status == 200
            assert response.body.strip() == b"hello world"


def test_pipelined_answers_come_in_the_order_of_the_requests(shared: Stack) -> None:
    # The first takes longest; with eight threads the others are done long before it.
    delays = [200, 100, 0, 50, 0]
    with shared.connect() as connection:
        connection.send(
            b"".join(
                b"GET /diag/echo?n=%d HTTP/1.1\r\nHost: t\r\n\r\nGET /diag/sleep?ms=%d&n=%d HTTP/1.1\r\nHost: t\r\n\r\n"
                % (n, delay, n)
                for n, delay in enumerate(delays)
            )
        )
        for n in range(len(delays)):
            assert connection.read_response().json()["target"] == f"/diag/echo?n={n}"
            assert connection.read_response().status == 200


def test_pipelined_requests_with_bodies_are_told_apart(shared: Stack) -> None:
    bodies = [b"x" * size for size in (1, 0, 1000, 70_000, 3)]
    with shared.connect() as connection:
        for body in bodies:
            connection.send(b"POST /diag/echo HTTP/1.1\r\nHost: t\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        for body in bodies:
            assert connection.read_response().json()["body_length"] == len(body)


def test_a_request_may_come_byte_by_byte(shared: Stack) -> None:
    message = b"POST /diag/echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\nX-T: 1\r\n\r\n"
    with shared.connect() as connection:
        for byte in message:
            connection.send(bytes([byte]))
        assert connection.read_response().json()["body_length"] == 4


def test_empty_lines_before_a_request_are_skipped(shared: Stack) -> None:
    # RFC 9112, section 2.2.
    with shared.connect() as connection:
        connection.send(b"\r\nGET /diag/hello HTTP/1.1\r\nHost: t\r\n\r\n")
        assert connection.read_response().status == 200


def test_connection_close_is_honoured(shared: Stack) -> None:
    with shared.connect() as connection:
        connection.send_request("GET", "/diag/hello", {"Connection": "close"})
        response = connection.read_response()
        assert response.status == 200
        assert response.header("Connection") == "close"
        assert connection.is_closed_by_peer()


def test_http_1_0_closes_unless_asked_to_stay(shared: Stack) -> None:
    with shared.connect() as connection:
        connection.send(b"GET /diag/hello HTTP/1.0\r\n\r\n")
        assert connection.read_response().status == 200
        assert connection.is_closed_by_peer()


def test_http_1_0_with_keep_alive_stays(shared: Stack) -> None:
    with shared.connect() as connection:
        for _ in range(2):
            connection.send(b"GET /diag/hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            response = connection.read_response()
            assert response.status == 200
            assert (response.header("Connection") or "").lower() == "keep-alive"


def test_what_follows_the_last_request_does_not_reset_its_answer(shared: Stack) -> None:
    """As old clients do: an empty line behind the body, which is not part of it."""
    for size in (10, 70_000, 100_000) * 30:
        with shared.connect() as connection:
            head = f"POST /diag/hello HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: {size}\r\n\r\n"
            connection.send(head.encode() + bytes(size) + b"\r\n")
            assert connection.read_response().status == 200
            assert connection.read_to_end() == b""


def test_head_has_the_fields_of_get_and_no_body(shared: Stack) -> None:
    with shared.connect() as connection:
        connection.send_request("HEAD", "/diag/bytes?n=1000")
        head = connection.read_response("HEAD")
        connection.send_request("GET", "/diag/bytes?n=1000")
        get = connection.read_response()
    assert head.status == get.status == 200
    assert get.header("Content-Length") == head.header("Content-Length") == "1000"
    assert len(get.body) == 1000


def test_statuses_of_handlers_reach_the_client(shared: Stack) -> None:
    with shared.connect() as connection:
        for status in (200, 201, 204, 302, 304, 404, 418, 500, 503):
            connection.send_request("GET", f"/diag/status?code={status}")
            assert connection.read_response().status == status


def test_any_method_reaches_the_handler(shared: Stack) -> None:
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"):
        response = request(shared.frontend.http, method, "/diag/echo")
        assert response.status == 200
        assert response.json()["method"] == method


def test_one_date_and_one_request_id_each(shared: Stack) -> None:
    response = shared.get("/diag/hello")
    assert response.header("Date")
    echoed = shared.get("/diag/echo").json()
    names = [name.lower() for name, _ in echoed["headers"]]
    assert names.count("x-request-id") == 1
