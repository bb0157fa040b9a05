"""Request bodies arrive whole at the handler, whatever their framing and size."""

import hashlib
import random
from concurrent.futures import ThreadPoolExecutor

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


# Around the sizes at which a body stays where it was read, with and without something behind it.
@pytest.mark.parametrize("size", [40_000, 49_151, 49_152, 60_000, 65_000, 100_000, 114_000, 400_000])
def test_a_body_with_a_request_right_behind_it(shared: Stack, size: int) -> None:
    with shared.connect() as connection:
        for number in range(3):
            body = some_bytes(size + number)
            head = f"POST /diag/echo HTTP/1.1\r\nHost: t\r\nContent-Length: {len(body)}\r\n\r\n"
            connection.send(head.encode() + body + b"GET /diag/hello HTTP/1.1\r\nHost: t\r\n\r\n")
            assert_echoes(connection.read_response().json(), body)
            assert connection.read_response().body == b"hello world"
            connection.send(head.encode() + body)
            assert_echoes(connection.read_response().json(), body)


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


OPTIONS_BODY = some_bytes(70_000)
OPTIONS_BODIES = {
    "length": b"Content-Length: 70000\r\n\r\n" + OPTIONS_BODY,
    "chunked": b"Transfer-Encoding: chunked\r\n\r\n11170\r\n" + OPTIONS_BODY + b"\r\n0\r\n\r\n",
    "small": b"Content-Length: 3\r\n\r\nabc",
    "small chunked": b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Trailer: yes\r\n\r\n",
}


# A body that nobody will get (RFC 9110, section 9.3.7), then a request, whole and in pieces: 1 byte of the small ones.
@pytest.mark.parametrize("piece", ["all", "part"])
@pytest.mark.parametrize("framing", OPTIONS_BODIES)
def test_the_body_of_options_asterisk_is_read_and_dropped(shared: Stack, framing: str, piece: str) -> None:
    data = b"OPTIONS * HTTP/1.1\r\nHost: t\r\n" + OPTIONS_BODIES[framing]
    step = len(data) if piece == "all" else max(1, len(data) // 200)
    with shared.connect() as connection:
        for _ in range(2):
            for begin in range(0, len(data), step):
                connection.send(data[begin : begin + step])
            assert connection.read_response().status == 204
            connection.send_request("GET", "/diag/hello")
            assert connection.read_response().body == b"hello world"


def test_options_asterisk_may_wait_for_100_continue(shared: Stack) -> None:
    with shared.connect() as connection:
        connection.send_request("OPTIONS", "*", {"Expect": "100-continue", "Content-Length": "3"})
        assert connection.read_head().status == 100
        connection.send(b"abc")
        assert connection.read_response().status == 204


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
    # RFC 9110, section 10.1.1: 417 says that the expectation is not met.
    response = request(shared.frontend.http, "POST", "/diag/echo", {"Expect": "miracles"}, b"x")
    assert response.status == 417


def test_a_handler_that_ignores_the_body_leaves_the_connection_usable(shared: Stack) -> None:
    with shared.connect() as connection:
        for _ in range(3):
            connection.send_request("POST", "/diag/hello", body=some_bytes(2 * MIB))
            assert connection.read_response().status == 200


# -- handlers that read the body piece by piece


def assert_digests(digest: dict[str, object], body: bytes) -> None:
    assert digest == {"body_length": len(body), "sha256": hashlib.sha256(body).hexdigest()}


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 300_000, 1_114_113, 5 * MIB])
def test_a_body_that_the_handler_reads_itself(shared: Stack, size: int) -> None:
    body = some_bytes(size)
    assert_digests(shared.post("/diag/digest", body).json(), body)


def test_many_that_read_themselves_beside_others(shared: Stack) -> None:
    """More of them than threads, so that some wait in the queue, and small requests in between."""

    def upload(number: int) -> None:
        for round_number in range(3):
            body = some_bytes(700_000 + 10_000 * number + round_number)
            assert_digests(shared.post("/diag/digest", body, timeout=60).json(), body)
            assert shared.get("/diag/hello").status == 200
            assert_echoes(shared.post("/diag/echo", body, timeout=60).json(), body)

    with ThreadPoolExecutor(16) as clients:
        list(clients.map(upload, range(16)))


@pytest.mark.parametrize("read", [0, 10, 65_536, 200_000, 3 * MIB])
def test_a_handler_that_answers_before_the_body_has_come(shared: Stack, read: int) -> None:
    """Nothing is left over for the next requests of the connection, or of the link."""
    body = some_bytes(5 * MIB)
    with shared.connect(timeout=30) as connection:
        for _ in range(5):
            connection.send_request("POST", f"/diag/digest?read={read}", body=body)
            assert_digests(connection.read_response().json(), body[:read])
            connection.send_request("POST", "/diag/echo", body=body[:100_000])
            assert_echoes(connection.read_response().json(), body[:100_000])
    assert shared.metrics().sum("anteroom_link_breaches_total") == 0
    assert shared.metrics().sum("anteroom_link_lost_total") == 0
    assert shared.metrics(shared.backend).sum("anteroom_backend_link_breaches_total") == 0


def test_the_rest_of_a_body_that_nobody_reads_is_not_sent(stack: Stack) -> None:
    limits = {"limits": {"body": "64MiB"}, "spool": {"memory_per_body": "64KiB"}}
    stack.start(settings=limits)
    body = some_bytes(60 * MIB)
    assert_digests(stack.post("/diag/digest?read=1000", body, timeout=60).json(), body[:1000])
    backend = stack.metrics(stack.backend)
    assert backend.sum("anteroom_backend_request_bodies_unread_total") == 1
    assert backend.sum("anteroom_backend_request_body_bytes_total") <= 2 * 65_536
    # The window holds eight pieces of the spool; all of it would be 480, and one message carries few of them.
    assert 1 <= backend.sum("anteroom_backend_batches_received_total") < 30


@pytest.mark.slow
@pytest.mark.no_asan
@pytest.mark.no_tsan
def test_a_large_upload_costs_the_backend_little_memory(stack: Stack) -> None:
    stack.start(settings={"limits": {"body": "256MiB"}, "spool": {"memory_per_body": "256KiB"}})
    piece = some_bytes(MIB)
    assert_digests(stack.post("/diag/digest", piece).json(), piece)
    before = stack.backend.peak_resident_kib()
    digest = hashlib.sha256()
    with stack.connect(timeout=120) as connection:
        connection.send_request("PUT", "/diag/digest", {"Content-Length": str(200 * MIB)})
        for _ in range(200):
            digest.update(piece)
            connection.send(piece)
        answer = connection.read_response().json()
    assert answer == {"body_length": 200 * MIB, "sha256": digest.hexdigest()}
    assert stack.backend.peak_resident_kib() - before < 16 * 1024


def test_a_backend_that_dies_with_a_body_half_read(stack: Stack) -> None:
    """PUT may be sent again: the other backend gets all of it, from the beginning."""
    stack.start(backends=2, settings={"limits": {"body": "256MiB"}, "spool": {"memory_per_body": "64KiB"}})
    body = some_bytes(10 * MIB)
    with stack.connect(timeout=60) as connection:
        connection.send_request("PUT", "/diag/digest?delay_ms=1500", {"X-Id": "first"}, body=body)
        stack.wait_started("first")
        victim = next(backend for backend in stack.backends if "first" in backend.started_ids())
        victim.kill()
        assert_digests(connection.read_response().json(), body)
    assert len(stack.started_ids()) == 2
