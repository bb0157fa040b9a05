"""No descriptors left, no disk left: refused and counted, without a crash or a spin, and over when there is room again.

test_spool.py has the quotas and a file-size limit, test_connection_limits.py a process with few descriptors; here the
kernel itself says no."""

import hashlib
import pathlib
import resource
import subprocess
import time
from collections.abc import Iterator

import pytest
from anteroom_harness.deadlines import wait_until
from anteroom_harness.frontend import Frontend
from anteroom_harness.http_client import Connection, Response
from anteroom_harness.stack import Stack

KIB, MIB = 1024, 1024 * 1024
MOST_CPU = 0.1  # seconds of a second; a loop that spins takes all of it


def assert_rests(frontend: Frontend) -> None:
    before = frontend.cpu_seconds()
    time.sleep(1)  # the measuring interval
    used = frontend.cpu_seconds() - before
    assert used <= MOST_CPU, f"{used:.2f} s of CPU in a second of nothing"


def ask(connection: Connection) -> int:
    connection.send_request("GET", "/diag/hello")
    return connection.read_response().status


def is_answered(connection: Connection) -> bool:
    try:
        return ask(connection) == 200
    except ConnectionError:
        return False


def lower_descriptors(frontend: Frontend, spare: int) -> tuple[int, int]:
    """Leaves the running process `spare` descriptors behind its highest; returns the limit that it had."""
    highest = max(int(entry.name) for entry in pathlib.Path(f"/proc/{frontend.pid}/fd").iterdir())
    had = resource.prlimit(frontend.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(frontend.pid, resource.RLIMIT_NOFILE, (highest + 1 + spare, had[1]))
    return had


@pytest.fixture
def connections(stack: Stack) -> Iterator[list[Connection]]:
    """Closed at the end, before the stack is."""
    found: list[Connection] = []
    yield found
    for connection in found:
        connection.close()


def test_a_process_of_64_descriptors_serves_those_that_fit(stack: Stack, connections: list[Connection]) -> None:
    stack.start_backend()
    frontend = stack.start_frontend(runner=["prlimit", "--nofile=64:64"])
    connections += [Connection(frontend.http) for _ in range(60)]
    answered = [connection for connection in connections if is_answered(connection)]
    assert 16 <= len(answered) <= 32
    assert_rests(frontend)
    assert all(is_answered(connection) for connection in answered)
    samples = stack.metrics()
    refused = samples.sum("anteroom_frontend_connections_refused_total")
    assert refused + samples.sum("anteroom_frontend_accept_errors_total") >= 60 - len(answered)
    for connection in connections:
        connection.close()
    wait_until(lambda: stack.open_connections() == 0, "the connections to end", timeout=1)
    with stack.connect() as again:
        assert ask(again) == 200


def test_without_a_descriptor_connections_wait_and_then_are_served(stack: Stack, connections: list[Connection]) -> None:
    # Asks for what no route serves, so that answers depend on no link: gRPC needs descriptors, too.
    stack.start(settings={"routes": [{"path": "/diag/", "pool": "main"}]})
    frontend = stack.frontend
    stack.wait_links(2)  # gRPC needs a descriptor more for each that is new
    had = lower_descriptors(frontend, spare=4)
    connections += [Connection(frontend.http) for _ in range(60)]  # the kernel completes them; the rest waits for accept
    for connection in connections:
        connection.send_request("GET", "/elsewhere")
    wait_until(lambda: sum(connection.has_input() for connection in connections) >= 4, "some to be answered")
    assert_rests(frontend)
    unserved = [connection for connection in connections if not connection.has_input()]
    assert unserved
    resource.prlimit(frontend.pid, resource.RLIMIT_NOFILE, had)
    wait_until(
        lambda: all(connection.has_input() for connection in unserved), "the others to be answered", timeout=1,
        explain=stack.log_tails,
    )  # fmt: skip
    assert all(connection.read_response().status == 404 for connection in connections)
    assert stack.metrics().sum("anteroom_frontend_accept_errors_total") >= 1
    wait_until(lambda: is_answered(connections[0]), "the link to serve again")


def test_without_a_descriptor_for_its_file_a_large_body_is_refused(stack: Stack) -> None:
    stack.start(settings={"spool": {"memory_per_body": "64KiB"}})
    frontend = stack.frontend
    stack.wait_links(2)  # gRPC needs a descriptor more for each that is new
    body = bytes(2 * MIB)
    with stack.connect() as connection:
        assert ask(connection) == 200
        had = lower_descriptors(frontend, spare=0)
        fillers = [Connection(frontend.http) for _ in range(20)]  # holes below the highest
        connection.send_request("POST", "/diag/echo", {}, body)
        assert connection.read_response().status == 507
        assert_rests(frontend)
        for filler in fillers:
            filler.close()
        resource.prlimit(frontend.pid, resource.RLIMIT_NOFILE, had)
    assert stack.metrics().sum("anteroom_spool_disk_failures_total") == 1
    assert stack.post("/diag/echo", body).json()["body_length"] == len(body)


# The front end's own mount namespace, with a disk of 1 MiB at the directory $1.
TINY_DISK = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs -o size=1m none "$1" && shift && exec "$@"', "sh"]


@pytest.fixture
def tiny_disk(stack: Stack, tmp_path: pathlib.Path) -> None:
    """A front end whose spool is a disk of 1 MiB."""
    directory = tmp_path / "disk"
    directory.mkdir()
    runner = [*TINY_DISK, str(directory)]
    if subprocess.run([*runner, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("needs to mount a file system: root, and unshare -m permitted")
    stack.start_backend()
    stack.start_frontend({"spool": {"directory": str(directory), "memory_per_body": "64KiB"}}, runner=runner)


def assert_is(response: Response, body: bytes) -> None:
    assert response.status == 200
    answer = response.json()
    assert (answer["body_length"], answer["body_sha256"]) == (len(body), hashlib.sha256(body).hexdigest())


@pytest.mark.usefixtures("tiny_disk")
def test_a_full_disk_refuses_and_recovers(stack: Stack) -> None:
    body = bytes(i * 7 % 251 for i in range(900 * KIB))
    with stack.connect() as first, stack.connect() as second:
        first.send_request("POST", "/diag/echo", {"Content-Length": str(len(body))})
        first.send(body[:-1])
        wait_until(
            lambda: stack.metrics().sum("anteroom_spool_written_bytes_total") >= len(body) - 200 * KIB,
            "the first body to be on the disk",
            explain=stack.log_tails,
        )
        second.send_request("POST", "/diag/echo", {"X-Id": "no-room"}, body)
        response = second.read_response()
        assert response.status == 507
        assert response.header("Connection") == "close"
        assert_rests(stack.frontend)
        samples = stack.metrics()
        assert samples.sum("anteroom_spool_disk_failures_total") >= 1
        assert samples.sum("anteroom_frontend_exchanges_total", outcome="spool_full") == 1
        first.send(body[-1:])
        assert_is(first.read_response(), body)
    wait_until(lambda: stack.metrics().sum("anteroom_spool_files") == 0, "the disk to be empty", timeout=1)
    assert_is(stack.post("/diag/echo", body), body)
    assert "no-room" not in stack.started_ids()


@pytest.mark.usefixtures("tiny_disk")
def test_many_at_a_full_disk_are_each_served_or_refused(stack: Stack, connections: list[Connection]) -> None:
    body = bytes(i * 7 % 251 for i in range(600 * KIB))
    connections += [stack.connect(timeout=30) for _ in range(8)]
    for connection in connections:
        connection.send_request("POST", "/diag/echo", {"Content-Length": str(len(body))})
    half = len(body) // 2
    for connection in connections:
        connection.send(body[:half])
    wait_until(
        lambda: any(connection.has_input() for connection in connections), "the first refusal", explain=stack.log_tails
    )
    refused = 0
    for connection in connections:
        try:
            connection.send(body[half:])
            response = connection.read_response()
        except ConnectionError:  # reset while this was still being sent
            refused += 1
            continue
        if response.status == 507:
            refused += 1
        else:
            assert_is(response, body)
    assert refused >= 1
    # A write may fail of a body that its last bytes have completed in memory meanwhile.
    assert stack.metrics().sum("anteroom_spool_disk_failures_total") >= refused
    assert_rests(stack.frontend)
    assert_is(stack.post("/diag/echo", body), body)
