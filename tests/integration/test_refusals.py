"""What is not a valid request, or too large, is answered with 4xx and a close, and no backend ever hears of it."""

import pytest
from anteroom_harness.deadlines import wait_until
from anteroom_harness.http_client import ConnectionEnded, request
from anteroom_harness.stack import Stack

HOST = b"Host: test\r\n"

BAD_REQUESTS = {
    "garbage": b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
    "no_version": b"GET /diag/hello\r\n\r\n",
    "lower_case_version": b"GET / http/1.1\r\n" + HOST + b"\r\n",
    "two_spaces": b"GET  / HTTP/1.1\r\n" + HOST + b"\r\n",
    "space_in_target": b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n",
    "no_host": b"GET / HTTP/1.1\r\n\r\n",
    "two_hosts": b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
    "bad_host": b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
    "space_before_colon": b"GET / HTTP/1.1\r\n" + HOST + b"Name : v\r\n\r\n",
    "no_colon": b"GET / HTTP/1.1\r\n" + HOST + b"Name\r\n\r\n",
    "empty_name": b"GET / HTTP/1.1\r\n" + HOST + b": v\r\n\r\n",
    "folded_line": b"GET / HTTP/1.1\r\n" + HOST + b"A: b\r\n c\r\n\r\n",
    "nul_in_value": b"GET / HTTP/1.1\r\n" + HOST + b"A: b\0c\r\n\r\n",
    "bare_cr_in_value": b"GET / HTTP/1.1\r\n" + HOST + b"A: b\rc\r\n\r\n",
    "bare_lf": b"GET / HTTP/1.1\nHost: test\n\n",
    "two_lengths": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    "length_list": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1, 2\r\n\r\nxx",
    "negative_length": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n",
    "signed_length": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: +1\r\n\r\nx",
    "hex_length": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 0x1\r\n\r\nx",
    "length_and_chunked": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked_twice": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunked_not_last": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "chunked_in_1_0": b"POST / HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "bad_chunk_size": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n",
    "chunk_size_overflow": b"POST / HTTP/1.1\r\n"
    + HOST
    + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n\r\n",
    "chunk_longer_than_said": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_REQUESTS)
def test_bad_requests_end_the_connection_and_reach_no_backend(shared: Stack, name: str) -> None:
    before = shared.started_ids()
    smuggled = b"GET /diag/hello HTTP/1.1\r\nHost: test\r\nX-Id: smuggled\r\n\r\n"
    with shared.connect() as connection:
        connection.send(BAD_REQUESTS[name] + smuggled)
        response = connection.read_response()
        assert response.status == 400
        assert response.header("Connection") == "close"
        # One answer, no second one to what follows.
        assert connection.is_closed_by_peer()
    assert "smuggled" not in shared.started_ids()
    assert shared.started_ids() == before


@pytest.mark.parametrize(("codings", "status"), [(b"gzip", 400), (b"gzip, chunked", 501)])
def test_an_unknown_transfer_coding_is_refused(shared: Stack, codings: bytes, status: int) -> None:
    # RFC 9112: what does not end in chunked has no known end (section 6.3), the rest is not implemented (6.1).
    with shared.connect() as connection:
        connection.send(b"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: " + codings + b"\r\n\r\n")
        assert connection.read_response().status == status
        assert connection.is_closed_by_peer()


def test_an_unknown_major_version_is_refused(shared: Stack) -> None:
    with shared.connect() as connection:
        connection.send(b"GET / HTTP/2.0\r\nHost: t\r\n\r\n")
        assert connection.read_response().status == 505
        assert connection.is_closed_by_peer()


def test_a_good_request_before_a_bad_one_is_answered(shared: Stack) -> None:
    with shared.connect() as connection:
        connection.send(b"GET /diag/hello HTTP/1.1\r\nHost: t\r\n\r\nnonsense\r\n\r\n")
        assert connection.read_response().status == 200
        assert connection.read_response().status == 400
        assert connection.is_closed_by_peer()


def test_the_refusal_survives_a_client_that_is_still_sending(shared: Stack) -> None:
    # Closing with unread input would send RST, which can destroy the answer on its way.
    with shared.connect() as connection:
        connection.send(b"GET / HTTP/1.1\r\nBad Name: x\r\n")
        try:
            for _ in range(100):
                connection.send(b"X-More: " + b"y" * 1000 + b"\r\n")
        except ConnectionError:
            pass
        try:
            assert connection.read_response().status == 400
        except ConnectionEnded as error:
            raise AssertionError("the answer was lost to a reset") from error


def test_the_refusal_survives_a_mebibyte_behind_it(shared: Stack) -> None:
    # All of it is taken from the client, none of it is looked at, and the answer is still there afterwards.
    smuggled = b"GET /diag/hello HTTP/1.1\r\nHost: t\r\nX-Id: behind-an-error\r\n\r\n"
    with shared.connect() as connection:
        connection.send(b"GET / HTTP/1.1\r\nBad Name: x\r\n\r\n")
        connection.send(smuggled * (1024 * 1024 // len(smuggled)))
        response = connection.read_response()
        assert (response.status, response.header("Connection")) == (400, "close")
        assert connection.read_to_end() == b""  # an end, not a reset
    assert "behind-an-error" not in shared.started_ids()


LIMITS = {"limits": {"target": "1KiB", "field": "1KiB", "fields": 20, "head": "4KiB", "body": "10KiB"}}


@pytest.mark.parametrize(
    ("status", "request_bytes"),
    [
        (414, b"GET /" + b"a" * 2000 + b" HTTP/1.1\r\nHost: t\r\n\r\n"),
        (431, b"GET / HTTP/1.1\r\nHost: t\r\nX-Long: " + b"a" * 2000 + b"\r\n\r\n"),
        (431, b"GET / HTTP/1.1\r\nHost: t\r\n" + b"X-Many: 1\r\n" * 30 + b"\r\n"),
        (431, b"GET / HTTP/1.1\r\nHost: t\r\n" + b"".join(b"X-%d: %s\r\n" % (i, b"a" * 900) for i in range(6)) + b"\r\n"),
        (413, b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 20000\r\n\r\n"),
        (413, b"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n5000\r\n" + b"a" * 0x5000),
        (413, b"OPTIONS * HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n5000\r\n" + b"a" * 0x5000),
    ],
    ids=["long_target", "long_field", "many_fields", "large_head", "large_body", "large_chunked_body", "large_dropped_body"],
)  # fmt: skip
def test_limits_have_their_own_statuses(stack: Stack, status: int, request_bytes: bytes) -> None:
    stack.start(settings=LIMITS)
    with stack.connect() as connection:
        connection.send(request_bytes)
        response = connection.read_response()
        assert response.status == status
        assert response.header("Connection") == "close"
        assert connection.is_closed_by_peer()
    assert stack.started_ids() == []


def test_what_is_just_within_the_limits_passes(stack: Stack) -> None:
    stack.start(settings=LIMITS)
    assert stack.post("/diag/echo?" + "a" * 900, bytes(10 * 1024)).status == 200


def test_fields_with_an_underscore_are_left_out_and_counted(stack: Stack) -> None:
    stack.start()
    fields = [("X_Real_IP", "192.0.2.1"), ("X-Kept", "yes"), ("Content_Length", "9")]
    got = request(stack.frontend.http, "GET", "/diag/echo", fields)
    assert got.status == 200
    names = {name.lower() for name, _ in got.json()["headers"]}
    assert "x-kept" in names
    assert not any("_" in name for name in names)
    wait_until(
        lambda: stack.metrics().sum("anteroom_frontend_fields_dropped_total", reason="underscore") == 2,
        "two fields to be counted",
    )


def test_fields_with_an_underscore_are_400_if_that_is_configured(stack: Stack) -> None:
    stack.start(settings={"limits": {"underscores": "refuse"}})
    assert stack.get("/diag/hello", headers={"X-Real-IP": "192.0.2.1"}).status == 200
    with stack.connect() as connection:
        connection.send_request("GET", "/diag/hello", {"X_Real_IP": "192.0.2.1", "X-Id": "underscore"})
        assert connection.read_response().status == 400
        assert connection.is_closed_by_peer()
    assert stack.frontend.wait_access_log(lambda line: line["status"] == 400)["detail"] == "field_name"
    assert "underscore" not in stack.started_ids()
