"""Large request bodies wait in unlinked files: nothing is lost, nothing is left, and no room is no crash."""

import hashlib
import pathlib
import random
import resource
import signal
import threading

import pytest
from anteroom_harness.deadlines import wait_until
from anteroom_harness.http_client import Connection
from anteroom_harness.stack import Stack

KIB, MIB = 1024, 1024 * 1024


def some_bytes(count: int) -> bytes:
    return random.Random(count).randbytes(count)


def spooling(stack: Stack, tmp_path: pathlib.Path, spool: dict[str, object] | None = None, **settings: object) -> pathlib.Path:
    """A front end that keeps 64 KiB of a body in memory; returns the directory of its spool."""
    directory = tmp_path / "spool"
    directory.mkdir()
    usual = {"directory": str(directory), "memory_per_body": "64KiB"}
    stack.start(settings={"spool": usual | (spool or {}), **settings})
    return directory


def files_in_use(stack: Stack) -> int:
    return int(stack.metrics().sum("anteroom_spool_files"))


def wait_spooled(stack: Stack, count: int) -> None:
    wait_until(
        lambda: stack.metrics().sum("anteroom_spool_written_bytes_total") >= count,
        f"{count} bytes in the spool",
        explain=stack.log_tails,
    )


def wait_empty(stack: Stack) -> None:
    wait_until(lambda: files_in_use(stack) == 0, "the spool to be empty", explain=stack.log_tails)
    assert stack.metrics().sum("anteroom_spool_bytes") == 0


def assert_is(answer: object, body: bytes) -> None:
    assert isinstance(answer, dict)
    assert (answer["body_length"], answer["body_sha256"]) == (len(body), hashlib.sha256(body).hexdigest())


@pytest.mark.parametrize("size", [64 * KIB, 64 * KIB + 1, 200_000, 1_000_000, 20 * MIB])
def test_a_body_arrives_whole(stack: Stack, pump: str, tmp_path: pathlib.Path, size: int) -> None:
    spooling(stack, tmp_path)
    body = some_bytes(size)
    assert_is(stack.post("/diag/echo", body, timeout=60).json(), body)
    wait_empty(stack)
    written = stack.metrics().sum("anteroom_spool_written_bytes_total")
    if size <= 64 * KIB:
        assert written == 0
    elif size >= 1_000_000:  # of a smaller one nothing is written when its answer comes first
        assert written > 0
    wait_until(lambda: stack.metrics().sum("anteroom_frontend_buffered_bytes") == 0, "the memory to be free")


def test_a_chunked_body_arrives_whole(stack: Stack, tmp_path: pathlib.Path) -> None:
    spooling(stack, tmp_path)
    chunks = [some_bytes(size) for size in (1, 100_000, 300_000, 7, 1_000_000)]
    with stack.connect(timeout=30) as connection:
        for _ in range(2):
            connection.send_request("POST", "/diag/echo", {"Transfer-Encoding": "chunked"})
            for chunk in [*chunks, b""]:
                connection.send_chunk(chunk)
            assert_is(connection.read_response().json(), b"".join(chunks))


def test_many_at_once_are_not_mixed_up(stack: Stack, pump: str, tmp_path: pathlib.Path) -> None:
    spooling(stack, tmp_path)
    faults: list[BaseException] = []

    def upload(number: int) -> None:
        try:
            for round_number in range(3):
                body = some_bytes(300_000 + 10_000 * number + round_number)
                assert_is(stack.post("/diag/echo", body, timeout=60).json(), body)
        except BaseException as fault:  # noqa: BLE001 - asserted below, on the test's own thread
            faults.append(fault)

    threads = [threading.Thread(target=upload, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    wait_empty(stack)


def test_the_files_have_no_names_and_end_with_their_connection(stack: Stack, tmp_path: pathlib.Path) -> None:
    directory = spooling(stack, tmp_path)
    with stack.connect() as connection:
        connection.send_request("POST", "/diag/echo", {"Content-Length": str(MIB), "X-Id": "truncated"})
        connection.send(some_bytes(900_000))
        wait_spooled(stack, 500_000)
        assert files_in_use(stack) == 1
        assert list(directory.iterdir()) == []
        names = stack.frontend.open_files().values()
        assert any(str(directory) in name and "(deleted)" in name for name in names)
    wait_empty(stack)
    assert stack.started_ids() == []  # a truncated body is never dispatched


def test_a_crash_leaves_nothing(stack: Stack, tmp_path: pathlib.Path) -> None:
    directory = spooling(stack, tmp_path)
    with stack.connect() as connection:
        connection.send_request("POST", "/diag/echo", {"Content-Length": str(MIB)})
        connection.send(some_bytes(900_000))
        wait_spooled(stack, 500_000)
        stack.frontend.kill()
    assert list(directory.iterdir()) == []


def test_a_spent_quota_is_507_and_comes_back(stack: Stack, tmp_path: pathlib.Path) -> None:
    spooling(stack, tmp_path, {"total": "1MiB"}, limits={"body": "1MiB"})
    body = some_bytes(900_000)
    with stack.connect() as first, stack.connect() as second:
        first.send_request("POST", "/diag/echo", {"Content-Length": str(len(body))})
        first.send(body[:-1])
        wait_spooled(stack, len(body) - 1 - 128 * KIB)  # the rest, no more than a piece, stays in memory
        second.send_request("POST", "/diag/echo", {"Content-Length": str(len(body)), "X-Id": "no-room"})
        second.send(body)
        response = second.read_response()
        assert response.status == 507
        assert response.header("Connection") == "close"
        stack.frontend.wait_access_log(lambda line: line["outcome"] == "spool_full" and line["status"] == 507)
        first.send(body[-1:])
        assert_is(first.read_response().json(), body)
    wait_empty(stack)
    assert stack.metrics().sum("anteroom_spool_refused_total") == 1
    assert "no-room" not in stack.started_ids()
    assert_is(stack.post("/diag/echo", body).json(), body)


def test_too_many_files_are_507(stack: Stack, tmp_path: pathlib.Path) -> None:
    spooling(stack, tmp_path, {"files": 1})
    body = some_bytes(300_000)
    with stack.connect() as first, stack.connect() as second:
        first.send_request("POST", "/diag/echo", {"Content-Length": str(len(body))})
        first.send(body[:-1])
        wait_spooled(stack, 100_000)
        second.send_request("POST", "/diag/echo", {}, body)
        assert second.read_response().status == 507


def test_a_full_disk_is_507_and_never_a_crash(stack: Stack, tmp_path: pathlib.Path) -> None:
    spooling(stack, tmp_path)
    body = some_bytes(2 * MIB)
    # Files beyond this fail as on a full disk, and with SIGXFSZ on top.
    before = resource.prlimit(stack.frontend.pid, resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))
    assert stack.post("/diag/echo", body, timeout=30).status == 507
    assert stack.metrics().sum("anteroom_spool_disk_failures_total") == 1
    assert_is(stack.post("/diag/echo", body[:900_000]).json(), body[:900_000])
    resource.prlimit(stack.frontend.pid, resource.RLIMIT_FSIZE, before)
    assert_is(stack.post("/diag/echo", body, timeout=30).json(), body)
    wait_empty(stack)


def test_a_spooled_body_is_sent_again_when_its_backend_dies(stack: Stack, pump: str, tmp_path: pathlib.Path) -> None:
    spooling(stack, tmp_path)
    body = some_bytes(3 * MIB)
    stack.wait_links(2)  # a stopped process greets no one
    dead = stack.backend
    dead.send_signal(signal.SIGSTOP)
    with stack.connect(timeout=30) as connection:
        connection.send_request("PUT", "/diag/echo", {}, body)
        wait_until(lambda: stack.metrics().sum("anteroom_link_sent_requests_total") == 1, "the request to be sent")
        dead.kill()
        stack.restart_backend(dead)
        assert_is(connection.read_response().json(), body)
    assert stack.metrics().sum("anteroom_pool_redone_total") == 1
    wait_empty(stack)


def test_uploads_hold_memory_within_bounds(stack: Stack, tmp_path: pathlib.Path) -> None:
    """Sixty half uploads of 2 MiB: memory holds a piece of each, the disk the rest."""
    spooling(stack, tmp_path)
    connections = [Connection(stack.frontend.http) for _ in range(60)]
    try:
        for connection in connections:
            connection.send_request("POST", "/diag/echo", {"Content-Length": str(2 * MIB)})
            connection.send(some_bytes(MIB))
        wait_until(lambda: files_in_use(stack) == 60, "a file for each", explain=stack.log_tails)
        wait_spooled(stack, 60 * 700_000)
        assert stack.metrics().sum("anteroom_frontend_buffered_bytes") <= 60 * 600_000
    finally:
        for connection in connections:
            connection.close()
    wait_empty(stack)
