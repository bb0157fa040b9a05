"""Response bodies reach the client whole, whatever their size and however the handler makes them."""

import hashlib
import threading
import time

import pytest
from anteroom_harness.deadlines import scaled
from anteroom_harness.http_client import Connection
from anteroom_harness.stack import Stack

MIB = 1024 * 1024


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 1_000_000])
def test_a_body_of_known_size(shared: Stack, size: int) -> None:
    response = shared.get(f"/diag/bytes?n={size}")
    assert response.status == 200
    assert response.header("Content-Length") == str(size)
    assert len(response.body) == size


def test_the_same_request_gives_the_same_bytes(shared: Stack) -> None:
    first, second = (shared.get("/diag/bytes?n=300000") for _ in range(2))
    assert first.sha256() == second.sha256()


def test_twenty_mebibytes_down(shared: Stack) -> None:
    whole = shared.get(f"/diag/bytes?n={20 * MIB}", timeout=60)
    streamed = shared.get(f"/diag/bytes?n={20 * MIB}&chunk=50000", timeout=60)
    assert len(whole.body) == len(streamed.body) == 20 * MIB
    assert whole.sha256() == streamed.sha256()


def test_a_streamed_body_begins_before_the_handler_is_done(shared: Stack) -> None:
    # Ten pieces, 100 ms apart: the head and the first piece must not wait for the last.
    with shared.connect() as connection:
        began = time.monotonic()
        connection.send_request("GET", "/diag/bytes?n=10000&chunk=1000&delay_ms=100")
        head = connection.read_head()
        assert head.status == 200
        if head.header("Transfer-Encoding"):
            connection.read_until(b"\r\n")
        connection.read_exactly(1)
        assert time.monotonic() - began < scaled(0.5)


def test_a_slow_reader_gets_everything(shared: Stack) -> None:
    digest = hashlib.sha256(shared.get(f"/diag/bytes?n={4 * MIB}").body).hexdigest()
    with shared.connect(receive_buffer=8192) as connection:
        connection.send_request("GET", f"/diag/bytes?n={4 * MIB}")
        head = connection.read_head()
        assert head.status == 200
        assert head.header("Content-Length") == str(4 * MIB)
        received = hashlib.sha256()
        for _ in range(4 * MIB // 4096):
            received.update(connection.read_exactly(4096))
        assert received.hexdigest() == digest


def test_a_client_that_does_not_read_holds_up_nobody(shared: Stack) -> None:
    with shared.connect(receive_buffer=4096) as sleeper:
        sleeper.send_request("GET", f"/diag/bytes?n={20 * MIB}")
        for _ in range(20):
            assert shared.get("/diag/hello", timeout=5).status == 200


def test_large_bodies_of_many_connections_do_not_mix(shared: Stack) -> None:
    expected = shared.get("/diag/bytes?n=700000").sha256()
    digests: list[str] = []

    def fetch(connection: Connection) -> None:
        for _ in range(3):
            connection.send_request("GET", "/diag/bytes?n=700000&chunk=30000")
            digests.append(connection.read_response().sha256())

    connections = [shared.connect(timeout=30) for _ in range(8)]
    threads = [threading.Thread(target=fetch, args=(connection,)) for connection in connections]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for connection in connections:
        connection.close()
    assert digests == [expected] * 24


def test_a_small_request_overtakes_a_large_upload(shared: Stack) -> None:
    # The upload occupies the link; chunks of at most 64 KiB let the other exchange through.
    with shared.connect(timeout=60) as upload:
        body = bytes(30 * MIB)
        sender = threading.Thread(target=lambda: upload.send_request("POST", "/diag/echo", body=body))
        sender.start()
        began = time.monotonic()
        assert shared.get("/diag/hello").status == 200
        assert time.monotonic() - began < scaled(2)
        sender.join()
        assert upload.read_response().json()["body_length"] == len(body)


def test_a_streamed_body_for_http_1_0_ends_with_the_connection(shared: Stack) -> None:
    with shared.connect() as connection:
        connection.send(b"GET /diag/bytes?n=5000&chunk=1000 HTTP/1.0\r\n\r\n")
        head = connection.read_head()
        assert head.header("Transfer-Encoding") is None
        assert len(connection.read_to_end()) == 5000
