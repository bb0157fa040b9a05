"""A disk that does not answer costs the request that needs it, after `timeouts.disk`, and nobody else anything."""

import hashlib
import os
import pathlib
from collections.abc import Iterator

import pytest
from anteroom_harness.deadlines import wait_until
from anteroom_harness.http_client import Connection, ConnectionEnded
from anteroom_harness.slow_disk import SlowDisk, slow_disk
from anteroom_harness.stack import Stack

MIB = 1024 * 1024


@pytest.fixture
def disk(tmp_path: pathlib.Path) -> Iterator[SlowDisk]:
    with slow_disk(tmp_path) as disk:
        yield disk


@pytest.fixture
def stack_on_disk(disk: SlowDisk, stack: Stack) -> Iterator[Stack]:
    """Spool and files are on the disk; it answers again before the processes are to end."""
    (disk.directory / "www").mkdir()
    (disk.directory / "spool").mkdir()
    (disk.directory / "www/large.bin").write_bytes(os.urandom(16 * MIB))
    (disk.directory / "www/small.txt").write_bytes(b"small\n")
    stack.start(
        threads=1,
        settings={
            "spool": {"directory": str(disk.directory / "spool"), "memory_per_body": "64KiB"},
            "timeouts": {"disk": "1s"},
            "routes": [
                {"path": "/static/", "static": {"root": str(disk.directory / "www")}},
                {"path": "/", "pool": "main"},
            ],
        },
    )
    yield stack
    disk.resume()
    wait_until(lambda: stack.metrics().sum("anteroom_spool_files") == 0, "no file in use", explain=stack.log_tails)


def wait_outcome(stack: Stack, outcome: str, status: int) -> None:
    stack.frontend.wait_access_log(lambda line: line["outcome"] == outcome and line["status"] == status)


def assert_others_are_served(stack: Stack) -> None:
    assert stack.get("/diag/hello").status == 200


def test_a_body_that_the_disk_does_not_take_is_507(stack_on_disk: Stack, disk: SlowDisk) -> None:
    stack = stack_on_disk
    body = os.urandom(2 * MIB)
    disk.stall()
    with stack.connect() as connection:
        connection.send_request("POST", "/diag/echo", {"Content-Length": str(len(body)), "X-Id": "stalled"})
        connection.send(body[:MIB])
        assert_others_are_served(stack)
        response = connection.read_response()
        assert response.status == 507
        assert response.header("Connection") == "close"
    wait_outcome(stack, "spool_full", 507)
    assert "stalled" not in stack.started_ids()
    disk.resume()
    assert stack.post("/diag/echo", body).json()["body_sha256"] == hashlib.sha256(body).hexdigest()


def test_a_body_that_the_disk_does_not_give_back_is_500(stack_on_disk: Stack, disk: SlowDisk) -> None:
    stack = stack_on_disk
    body = os.urandom(2 * MIB)
    with stack.connect() as running, stack.connect() as waiting:
        running.send_request("GET", "/diag/sleep?ms=60000", {"X-Id": "running"})
        stack.wait_started("running")
        waiting.send_request("POST", "/diag/echo", {"X-Id": "stalled"}, body)
        stack.wait_waiting(1)
        disk.forget(stack.frontend)
        disk.stall()
        running.close()  # its thread is free, and the body wanted
        response = waiting.read_response()
        assert response.status == 500
        assert_others_are_served(stack)
    wait_outcome(stack, "file_error", 500)
    disk.resume()
    assert stack.post("/diag/echo", body).json()["body_sha256"] == hashlib.sha256(body).hexdigest()


def test_a_file_that_does_not_come_is_503(stack_on_disk: Stack, disk: SlowDisk) -> None:
    stack = stack_on_disk
    disk.stall()
    response = stack.get("/static/small.txt")
    assert response.status == 503
    wait_outcome(stack, "overload", 503)
    assert_others_are_served(stack)
    disk.resume()
    wait_until(lambda: stack.get("/static/small.txt").body == b"small\n", "the file")


def test_a_file_that_stops_coming_cuts_the_answer(stack_on_disk: Stack, disk: SlowDisk) -> None:
    stack = stack_on_disk
    with Connection(stack.frontend.http, receive_buffer=65536) as connection:
        connection.send_request("GET", "/static/large.bin")
        assert connection.read_head().status == 200
        disk.stall()
        with pytest.raises(ConnectionEnded):
            connection.read_exactly(16 * MIB)
    wait_outcome(stack, "cut", 200)
    assert_others_are_served(stack)
