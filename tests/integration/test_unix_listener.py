"""Listening on a Unix socket. The usual listener is there as well: the harness learns its port from the log."""

import os
import pathlib
import stat
import tempfile
from collections.abc import Iterator

import pytest
import yaml
from anteroom_harness.binaries import binary
from anteroom_harness.deadlines import wait_until
from anteroom_harness.echo import fields_at_the_handler
from anteroom_harness.frontend import Frontend
from anteroom_harness.http_client import Connection
from anteroom_harness.process import Process
from anteroom_harness.stack import Stack


@pytest.fixture
def path() -> Iterator[str]:
    """A short one: a socket's path has at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="anteroom-") as directory:
        yield f"{directory}/http.sock"


def listeners(path: str, **more: object) -> list[dict[str, object]]:
    return [{"address": "127.0.0.1:0"}, {"unix": path, **more}]


def start(stack: Stack, path: str, more: dict[str, object] | None = None, **settings: object) -> Frontend:
    stack.start(settings={"listeners": listeners(path, **(more or {})), **settings})
    return stack.frontend


def is_socket(path: str) -> bool:
    return os.path.exists(path) and stat.S_ISSOCK(os.stat(path).st_mode)


def test_it_serves_beside_tcp(stack: Stack, path: str) -> None:
    start(stack, path)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o660
    body = bytes(range(256)) * 4096
    with Connection(path) as connection, stack.connect() as tcp:
        for _ in range(3):
            connection.send_request("POST", "/diag/echo", body=body)
            assert connection.read_response().status == 200
        connection.send_request("GET", "/diag/bytes?n=3000000")
        assert len(connection.read_response().body) == 3_000_000
        assert fields_at_the_handler(tcp)


def test_the_mode_is_the_configured_one(stack: Stack, path: str) -> None:
    start(stack, path, more={"mode": "0600"})
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_the_client_has_no_address(stack: Stack, path: str) -> None:
    frontend = start(stack, path, trusted_proxies=["127.0.0.0/8"])
    with Connection(path) as connection:
        got = fields_at_the_handler(connection, [("X-Forwarded-For", "6.6.6.6"), ("X-Request-ID", "given"), ("Forwarded", "for=6.6.6.6")])
    assert got["x-forwarded-for"] == ["unix:"]
    assert "forwarded" not in got
    line = frontend.wait_access_log(lambda line: True)
    assert line["client"] == "unix:"
    assert line["id"] != "given"
    assert got["x-request-id"] == [line["id"]]


def test_a_trusted_proxy_is_believed(stack: Stack, path: str) -> None:
    frontend = start(stack, path, trusted_proxies=["unix"])
    headers = [("X-Forwarded-For", "192.0.2.1"), ("X-Request-ID", "given"), ("Forwarded", "for=192.0.2.1")]
    with Connection(path) as connection:
        got = fields_at_the_handler(connection, headers)
    assert got["x-forwarded-for"] == ["192.0.2.1, unix:"]
    assert got["forwarded"] == ["for=192.0.2.1, for=unknown;proto=http"]
    assert got["x-request-id"] == ["given"]
    line = frontend.wait_access_log(lambda line: True)
    assert (line["client"], line["id"]) == ("192.0.2.1", "given")
    with stack.connect() as tcp:  # and no more than that is trusted
        assert fields_at_the_handler(tcp, headers)["x-forwarded-for"] == ["127.0.0.1"]


def test_the_proxy_protocol_goes_with_it(stack: Stack, path: str) -> None:
    frontend = start(stack, path, more={"proxy_protocol": "required"}, trusted_proxies=["unix"])
    with Connection(path) as connection:
        connection.send(b"PROXY TCP4 192.0.2.1 198.51.100.1 4711 80\r\n")
        assert fields_at_the_handler(connection)["x-forwarded-for"] == ["192.0.2.1"]
    assert frontend.wait_access_log(lambda line: True)["client"] == "192.0.2.1"
    with Connection(path) as connection:
        connection.send(b"GET / HTTP/1.1\r\n")
        assert connection.is_closed_by_peer()


def test_the_limit_per_address_does_not_hold(stack: Stack, path: str) -> None:
    start(stack, path, limits={"connections_per_address": 1})
    connections = [Connection(path) for _ in range(5)]
    for connection in connections:
        assert fields_at_the_handler(connection)
    for connection in connections:
        connection.close()
    wait_until(lambda: stack.open_connections() == 0, "the connections to end")
    assert stack.metrics().sum("anteroom_frontend_connections_refused_by_address_total") == 0


def test_many_connections_at_once_are_served(stack: Stack, path: str) -> None:
    start(stack, path, loops=4)
    connections = [Connection(path) for _ in range(200)]
    for connection in connections:
        connection.send_request("GET", "/diag/hello")
    assert {connection.read_response().status for connection in connections} == {200}
    assert stack.open_connections() == len(connections)
    for connection in connections:
        connection.close()


def test_the_file_is_removed_at_the_end_and_requests_are_answered(stack: Stack, path: str) -> None:
    frontend = start(stack, path)
    with Connection(path) as connection:
        connection.send_request("GET", "/diag/sleep?ms=300", {"X-Id": "last"})
        stack.wait_started("last")
        frontend.terminate()
        wait_until(lambda: not os.path.exists(path), "the file to be removed")
        assert connection.read_response().status == 200
    assert frontend.wait_exit() == 0
    assert not os.path.exists(path)


def test_a_file_that_a_killed_process_left_is_replaced(stack: Stack, path: str) -> None:
    start(stack, path).kill()
    assert is_socket(path)
    stack.start_frontend({"listeners": listeners(path)})
    with Connection(path) as connection:
        assert fields_at_the_handler(connection)


def failing(stack: Stack, path: str) -> Process:
    """A second front end on the same path, which has to end with 1."""
    config = stack.directory / "second.yaml"
    settings = yaml.safe_load(stack.frontend.config_path.read_text()) | {"listeners": listeners(path)}
    config.write_text(yaml.safe_dump(settings))
    process = Process("second", [binary("anteroom-frontend"), "--config", str(config)], stack.directory)
    process.expected_status = 1
    assert process.wait_exit() == 1, process.log_tail()
    return process


def test_where_somebody_listens_the_start_fails(stack: Stack, path: str) -> None:
    start(stack, path)
    assert f"cannot listen on unix:{path}: somebody listens there" in failing(stack, path).log()
    with Connection(path) as connection:  # the first one is as it was
        assert fields_at_the_handler(connection)


def test_a_file_of_another_kind_is_left_alone(stack: Stack, path: str) -> None:
    stack.start()
    pathlib.Path(path).write_text("precious")
    assert f"cannot listen on unix:{path}: there is a file that is no socket" in failing(stack, path).log()
    assert pathlib.Path(path).read_text() == "precious"


def test_a_successor_may_take_the_path_while_the_first_one_drains(stack: Stack, path: str) -> None:
    first = start(stack, path)
    with Connection(path) as connection:
        connection.send_request("GET", "/diag/sleep?ms=1500", {"X-Id": "slow"})
        stack.wait_started("slow")
        first.terminate()
        wait_until(lambda: not os.path.exists(path), "the file to be removed")
        stack.start_frontend({"listeners": listeners(path)})
        assert connection.read_response().status == 200
    assert first.wait_exit() == 0
    assert is_socket(path), "the first one has removed the file of the second"
    with Connection(path) as connection:
        assert fields_at_the_handler(connection)


def test_whoever_has_sent_a_request_when_the_drain_begins_is_answered(stack: Stack, path: str) -> None:
    frontend = start(stack, path)
    connections = [Connection(path) for _ in range(100)]
    for connection in connections:
        connection.send_request("GET", "/diag/hello")
    frontend.terminate()
    assert {connection.read_response().status for connection in connections} == {200}
    for connection in connections:
        connection.close()
    assert frontend.wait_exit() == 0
    with pytest.raises(FileNotFoundError):
        Connection(path)
