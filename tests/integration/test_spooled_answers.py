"""An answer that its client fetches slowly waits in the front end: no backend thread and no backend memory waits with it."""

import hashlib
import pathlib
import resource
import socket
import threading

import pytest
from anteroom_harness.deadlines import wait_until
from anteroom_harness.http_client import Connection, Response
from anteroom_harness.stack import Stack

KIB, MIB = 1024, 1024 * 1024
SIZE = 6 * MIB  # more than any socket buffer takes of a reader with a small window


def spooling(stack: Stack, tmp_path: pathlib.Path, spool: dict[str, object] | None = None, **settings: object) -> None:
    directory = tmp_path / "spool"
    directory.mkdir()
    usual = {"directory": str(directory), "memory_per_body": "64KiB"}
    stack.start(settings={"spool": usual | (spool or {}), **settings})


def spool_files(stack: Stack) -> int:
    return int(stack.metrics().sum("anteroom_spool_files"))


def at_backends(stack: Stack) -> int:
    return int(stack.metrics().sum("anteroom_pool_in_flight_requests"))


def buffered(stack: Stack) -> int:
    return int(stack.metrics().sum("anteroom_frontend_buffered_bytes"))


def wait_taken_over(stack: Stack, count: int = 1) -> None:
    """Until the front end has all of `count` answers, and the backends nothing."""
    wait_until(
        lambda: spool_files(stack) == count and at_backends(stack) == 0,
        f"{count} answers in the spool",
        explain=stack.log_tails,
    )


def wait_empty(stack: Stack) -> None:
    wait_until(lambda: spool_files(stack) == 0, "the spool to be empty", explain=stack.log_tails)
    wait_until(lambda: buffered(stack) == 0, "the memory to be free", explain=stack.log_tails)
    assert stack.metrics().sum("anteroom_spool_bytes") == 0


def ask(stack: Stack, path: str) -> Response:
    """What a client that keeps up gets; of it, nothing is left."""
    response = stack.get(path, timeout=30)
    wait_empty(stack)
    return response


def slow_reader(stack: Stack, path: str) -> Connection:
    """A client that has asked and does not read yet."""
    connection = stack.connect(receive_buffer=4096, timeout=30)
    connection.send_request("GET", path)
    return connection


def read_body(connection: Connection, size: int) -> str:
    digest = hashlib.sha256()
    for begin in range(0, size, 64 * KIB):
        digest.update(connection.read_exactly(min(64 * KIB, size - begin)))
    return digest.hexdigest()


def test_a_slow_reader_holds_no_backend_and_gets_every_byte(stack: Stack, pump: str, tmp_path: pathlib.Path) -> None:
    spooling(stack, tmp_path)
    expected = ask(stack, f"/diag/bytes?n={SIZE}").sha256()
    with slow_reader(stack, f"/diag/bytes?n={SIZE}") as connection:
        wait_taken_over(stack)
        assert buffered(stack) < 512 * KIB
        assert connection.read_head().header("Content-Length") == str(SIZE)
        assert read_body(connection, SIZE) == expected
        connection.send_request("GET", "/diag/hello")
        assert connection.read_response().status == 200
    wait_empty(stack)


def test_an_answer_survives_its_backend_once_it_has_been_taken_over(stack: Stack, tmp_path: pathlib.Path) -> None:
    spooling(stack, tmp_path)
    expected = ask(stack, f"/diag/bytes?n={SIZE}").sha256()
    with slow_reader(stack, f"/diag/bytes?n={SIZE}") as connection:
        wait_taken_over(stack)
        stack.backend.kill()
        connection.read_head()
        assert read_body(connection, SIZE) == expected
    wait_empty(stack)


def test_slow_readers_do_not_hold_up_others(stack: Stack, tmp_path: pathlib.Path) -> None:
    spooling(stack, tmp_path)
    readers = [slow_reader(stack, f"/diag/bytes?n={SIZE}") for _ in range(30)]
    wait_taken_over(stack, 30)
    assert stack.get("/diag/hello").status == 200
    assert buffered(stack) < 30 * 128 * KIB
    for reader in readers:
        reader.close()
    wait_empty(stack)


def test_with_the_quota_spent_a_slow_reader_sets_the_pace(stack: Stack, pump: str, tmp_path: pathlib.Path) -> None:
    spooling(stack, tmp_path, {"total": "1MiB"}, limits={"body": "1MiB"})
    expected = ask(stack, f"/diag/bytes?n={SIZE}").sha256()
    with slow_reader(stack, f"/diag/bytes?n={SIZE}") as connection:
        wait_until(lambda: stack.metrics().sum("anteroom_spool_refused_total") > 0, "the quota to be spent")
        assert at_backends(stack) == 1  # which keeps the rest
        assert buffered(stack) < MIB
        connection.read_head()
        assert read_body(connection, SIZE) == expected
    wait_empty(stack)


def test_a_disk_that_fails_costs_time_and_no_answer(stack: Stack, tmp_path: pathlib.Path) -> None:
    spooling(stack, tmp_path)
    expected = ask(stack, f"/diag/bytes?n={SIZE}").sha256()
    # Files beyond this fail as on a full disk.
    resource.prlimit(stack.frontend.pid, resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))
    with slow_reader(stack, f"/diag/bytes?n={SIZE}") as connection:
        wait_until(lambda: stack.metrics().sum("anteroom_spool_disk_failures_total") > 0, "the disk to fail")
        connection.read_head()
        assert read_body(connection, SIZE) == expected
    wait_empty(stack)


def test_a_client_that_leaves_takes_its_answer_with_it(stack: Stack, tmp_path: pathlib.Path) -> None:
    spooling(stack, tmp_path)
    with slow_reader(stack, f"/diag/bytes?n={SIZE}"):
        wait_taken_over(stack)
    wait_empty(stack)
    assert stack.get("/diag/hello").status == 200


def test_a_reader_without_progress_is_cut_off(stack: Stack, tmp_path: pathlib.Path) -> None:
    spooling(stack, tmp_path, timeouts={"write": "300ms"})
    with slow_reader(stack, f"/diag/bytes?n={SIZE}"):
        stack.frontend.wait_access_log(lambda line: line["outcome"] == "write_timeout")
        wait_empty(stack)


def test_a_reader_that_is_slow_but_steady_is_not(stack: Stack, tmp_path: pathlib.Path) -> None:
    """It takes several time-outs to read what the kernel holds, and until then the socket takes nothing more."""
    spooling(stack, tmp_path, timeouts={"write": "1s"})
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)  # or loopback moves 64 KiB at a time
        reader.connect(stack.frontend.http)
        reader.sendall(f"GET /diag/bytes?n={SIZE} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        pace = threading.Event()
        for _ in range(50):
            assert reader.recv(1500)
            pace.wait(0.1)  # the pace of this client
        assert stack.open_connections() == 1
    assert "write_timeout" not in {line["outcome"] for line in stack.frontend.access_log()}


@pytest.mark.parametrize(
    ("wish", "spooled"),
    [
        ("&chunk=50000", False),  # a handler that streams
        ("&chunk=50000&buffering=yes", True),
        ("&buffering=no", False),
        ("&type=text/event-stream", False),
    ],
)
def test_what_is_streamed_is_passed_on_at_the_readers_pace(
    stack: Stack, tmp_path: pathlib.Path, wish: str, spooled: bool
) -> None:
    spooling(stack, tmp_path)
    path = f"/diag/bytes?n={SIZE}{wish}"
    whole = ask(stack, path)
    assert whole.header("X-Accel-Buffering") is None
    with slow_reader(stack, path) as connection:
        if spooled:
            wait_taken_over(stack)
        else:
            # The window is full: the rest waits where it was made.
            wait_until(lambda: buffered(stack) > 64 * KIB, "an answer to wait for its reader")
            assert spool_files(stack) == 0
            assert at_backends(stack) == 1
        head = connection.read_head()
        if head.header("Content-Length"):
            assert read_body(connection, SIZE) == whole.sha256()
    wait_empty(stack)


@pytest.mark.parametrize("path", ["/diag/bytes?n=3000000", "/diag/bytes?n=3000000&chunk=50000&buffering=yes"])
def test_http_1_0_ends_with_the_connection(stack: Stack, tmp_path: pathlib.Path, path: str) -> None:
    spooling(stack, tmp_path)
    expected = ask(stack, "/diag/bytes?n=3000000").sha256()
    with stack.connect(receive_buffer=4096) as connection:
        connection.send(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        wait_taken_over(stack)
        assert connection.read_head().header("Transfer-Encoding") is None
        assert hashlib.sha256(connection.read_to_end()).hexdigest() == expected


def test_slow_readers_leave_room_for_uploads(stack: Stack, tmp_path: pathlib.Path) -> None:
    spooling(stack, tmp_path, {"files": 4})
    readers = [slow_reader(stack, f"/diag/bytes?n={SIZE}") for _ in range(6)]
    wait_until(lambda: stack.metrics().sum("anteroom_spool_refused_total") >= 3, "answers to be refused")
    assert spool_files(stack) == 3
    assert stack.post("/diag/echo", bytes(2 * MIB), timeout=30).json()["body_length"] == 2 * MIB
    for reader in readers:
        reader.close()
    wait_empty(stack)


def test_half_way_to_the_limit_answers_of_any_size_go_to_the_disk(stack: Stack, tmp_path: pathlib.Path) -> None:
    """Sixty slow readers of 450 KB would hold 19 MB, more than there is, and everybody else would be refused."""
    spooling(stack, tmp_path, {"memory_per_body": "256KiB"}, limits={"buffers": 16 * MIB})
    readers = [slow_reader(stack, "/diag/bytes?n=450000") for _ in range(60)]
    # The burst may be refused in part, until the disk has caught up.
    wait_until(
        lambda: stack.metrics().sum("anteroom_frontend_requests_total") >= 60 and at_backends(stack) == 0,
        "all answers to be taken over",
        explain=stack.log_tails,
    )
    wait_until(lambda: stack.get("/diag/hello").status == 200, "others to be served", explain=stack.log_tails)
    assert buffered(stack) < 16 * MIB
    for reader in readers:
        reader.close()
    wait_empty(stack)


def test_short_of_memory_new_work_is_refused_and_idle_connections_go(stack: Stack, tmp_path: pathlib.Path) -> None:
    most = 8 * MIB
    spooling(stack, tmp_path, {"files": 1}, limits={"buffers": most})
    readers: list[Connection] = []

    def refused() -> bool:
        readers.append(slow_reader(stack, f"/diag/bytes?n={MIB}"))
        with stack.connect() as late:
            try:
                late.send_request("GET", "/diag/hello")
                return late.read_response().status == 503
            except ConnectionError:
                return False  # it was idle at the wrong moment

    with stack.connect() as idle:
        idle.send_request("GET", "/diag/hello")
        assert idle.read_response().status == 200
        try:
            wait_until(refused, "a request to be refused", explain=stack.log_tails)
            assert most * 0.9 < buffered(stack) < most * 1.1
            assert idle.read_to_end() == b""
        finally:
            for reader in readers:
                reader.close()
    stack.frontend.wait_access_log(lambda line: line["outcome"] == "overload" and line["status"] == 503)
    wait_empty(stack)
    assert stack.get("/diag/hello").status == 200
