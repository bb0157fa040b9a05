"""SIGHUP: another configuration for what comes from now on, all of it or nothing; connections and requests stay."""

import fcntl
import os
import pathlib
import shutil
import signal
import socket
import threading
from typing import Any

import pytest
import yaml
from anteroom_harness.deadlines import wait_until
from anteroom_harness.frontend import merged
from anteroom_harness.http_client import Connection, request
from anteroom_harness.load import Load
from anteroom_harness.reloads import reload, reload_text, reloads
from anteroom_harness.stack import Stack

def root_with(tmp_path: pathlib.Path, text: str) -> dict[str, str]:
    root = tmp_path / f"root-{text}"
    root.mkdir()
    (root / "index.html").write_text(text)
    return {"root": str(root)}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get_on(connection: Connection, target: str) -> tuple[int, bytes]:
    connection.send_request("GET", target)
    response = connection.read_response()
    return response.status, response.body


def test_routes_change_on_connections_that_stay(stack: Stack, tmp_path: pathlib.Path) -> None:
    stack.start()
    with stack.connect() as connection:
        assert get_on(connection, "/diag/hello") == (200, b"hello world")
        reload(stack, routes=[{"path": "/new/", "static": root_with(tmp_path, "new")}, {"path": "/", "pool": "main"}])
        assert get_on(connection, "/new/") == (200, b"new")
        assert get_on(connection, "/diag/hello") == (200, b"hello world")
        reload(stack, routes=[{"path": "/new/", "static": root_with(tmp_path, "newer")}])
        assert get_on(connection, "/new/") == (200, b"newer")
        assert get_on(connection, "/diag/hello")[0] == 404


def test_what_is_under_way_keeps_its_route_and_its_pool(stack: Stack, pump: str, tmp_path: pathlib.Path) -> None:
    """One request runs, one waits behind it in the queue, when their pool leaves the configuration."""
    stack.start(threads=1)
    with stack.connect() as running, stack.connect() as waiting:
        running.send_request("GET", "/diag/sleep?ms=400", {"X-Id": "running"})
        stack.wait_started("running")
        waiting.send_request("GET", "/diag/hello")
        stack.wait_waiting(1)
        static = root_with(tmp_path, "static")
        reload(stack, pools=None, routes=[{"path": "/", "static": static}])
        assert running.read_response().body.strip() == b"slept"
        assert waiting.read_response().body.strip() == b"hello world"
        assert get_on(running, "/diag/hello")[0] == 404
        assert get_on(running, "/") == (200, b"static")
    # Nobody needs the links any more.
    wait_until(
        lambda: stack.metrics(stack.backend).sum("anteroom_backend_links") == 0, "the links to end", explain=stack.log_tails
    )


def test_backends_are_exchanged_without_a_failure(stack: Stack, pump: str) -> None:
    stack.start()
    second = stack.start_backend(threads=4)
    with Load(stack.frontend.http, clients=8) as load:
        load.wait_answers(200)
        reload(stack, pools={"main": {"endpoints": [second.endpoint]}})
        load.wait_answers(200)
        wait_until(
            lambda: stack.metrics(stack.backend).sum("anteroom_backend_links") == 0,
            "the first to be left",
            explain=stack.log_tails,
        )
        load.wait_answers(200)
    load.assert_no_failure()


def test_healthy_links_are_not_touched(stack: Stack) -> None:
    stack.start()
    stack.wait_links(2)
    before = stack.metrics().sum("anteroom_link_connects_total")
    for wait in ("10s", "11s"):
        reload(stack, pools={"main": {"queue": {"wait": wait}}})
    assert stack.get("/diag/hello").status == 200
    assert stack.metrics().sum("anteroom_link_connects_total") == before
    assert stack.metrics().sum("anteroom_link_lost_total") == 0


def test_limits_and_timeouts_hold_for_what_comes_next(stack: Stack) -> None:
    stack.start()
    body = b"x" * 5000
    with stack.connect() as connection:
        connection.send_request("POST", "/diag/echo", {}, body)
        assert connection.read_response().status == 200
        reload(stack, limits={"body": "4KiB"}, timeouts={"idle": "200ms"})
        connection.send_request("POST", "/diag/echo", {}, body)
        assert connection.read_response().status == 413
    with stack.connect() as connection:
        assert connection.read_to_end() == b""  # after 200 ms instead of 60 s


def test_a_lower_limit_holds_for_a_chunked_body_under_way(stack: Stack) -> None:
    stack.start(settings={"limits": {"body": "16MiB"}})
    with stack.connect() as connection:
        connection.send_request("POST", "/diag/echo", {"Transfer-Encoding": "chunked"})
        connection.send_chunk(bytes(2 * 1024 * 1024))
        wait_until(
            lambda: stack.metrics().sum("anteroom_frontend_received_bytes_total") > 2 * 1024 * 1024, "the chunk to be read"
        )
        reload(stack, limits={"body": "1MiB"})
        connection.send_chunk(b"one more")
        assert connection.read_response().status == 413


def test_a_proxy_that_is_not_trusted_any_more_is_not_believed(stack: Stack) -> None:
    stack.start(settings={"trusted_proxies": ["127.0.0.1"]})
    with stack.connect() as proxy:
        for number, trusted in ((1, ["127.0.0.1"]), (2, [])):
            reload(stack, trusted_proxies=trusted)
            proxy.send_request("GET", f"/diag/hello?{number}", {"X-Forwarded-For": "192.0.2.9"})
            assert proxy.read_response().status == 200
    line = {n: stack.frontend.wait_access_log(lambda line, n=n: line["target"].endswith(n)) for n in ("?1", "?2")}
    assert (line["?1"]["client"], line["?2"]["client"]) == ("192.0.2.9", "127.0.0.1")


def test_names_that_nobody_answers_for_hold_up_nothing(stack: Stack) -> None:
    """The resolver blocks; neither a reload nor the end waits for it, and other pools have their backends at once."""
    stack.start()
    pools = {f"dead-{n}": {"endpoints": [f"name-{n}.invalid:7000"], "dns_refresh": "100ms"} for n in range(20)}
    routes = [{"path": "/new/", "pool": "new"}, {"path": "/", "pool": "main"}]
    routes += [{"path": f"/{name}/", "pool": name} for name in pools]
    reload(stack, pools=pools | {"new": {"endpoints": [stack.backend.endpoint]}}, routes=routes)
    assert stack.get("/new/", timeout=2).status == 404  # the backend's
    reload(stack, routes=[{"path": "/", "pool": "main"}])
    stack.frontend.terminate()
    assert stack.frontend.wait_exit(timeout=3) == 0


@pytest.mark.parametrize("what", ["config", "access_log", "directory"])
def test_what_would_block_fails_and_signals_are_heard(stack: Stack, tmp_path: pathlib.Path, what: str) -> None:
    stack.start()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    if what == "config":
        stack.frontend.config_path.unlink()
        os.mkfifo(stack.frontend.config_path)
        stack.frontend.send_signal(signal.SIGHUP)
        wait_until(lambda: reloads(stack, "failed") == 1, "a reload that failed")
    elif what == "access_log":
        reload(stack, "failed", access_log={"path": str(pipe)})
    else:
        locked = os.open(tmp_path, os.O_RDONLY)
        fcntl.flock(locked, fcntl.LOCK_EX)
        reload(stack, "failed", listeners=[{"unix": str(tmp_path / "http.sock")}])
        os.close(locked)
    assert stack.get("/diag/hello").status == 200
    stack.frontend.terminate()
    assert stack.frontend.wait_exit(timeout=5) == 0


def test_an_access_log_that_nobody_reads_holds_up_neither_a_reload_nor_the_end(stack: Stack, tmp_path: pathlib.Path) -> None:
    pipes = [tmp_path / "first", tmp_path / "second"]
    readers = []
    for pipe in pipes:
        os.mkfifo(pipe)
        readers.append(os.open(pipe, os.O_RDONLY | os.O_NONBLOCK))
    stack.start(settings={"access_log": {"path": str(pipes[0])}})
    for pipe in reversed(pipes):
        with Load(stack.frontend.http, clients=4) as load:
            load.wait_answers(1500)  # more lines than a pipe takes
        load.assert_no_failure()
        reload(stack, access_log={"path": str(pipe)})
    stack.frontend.terminate()
    assert stack.frontend.wait_exit(timeout=6) == 0
    for reader in readers:
        os.close(reader)


def test_the_mode_of_a_file_that_is_not_ours_is_left_alone(stack: Stack, tmp_path: pathlib.Path) -> None:
    path, victim = tmp_path / "http.sock", tmp_path / "victim"
    stack.start(settings={"listeners": [{"address": "127.0.0.1:0"}, {"unix": str(path), "mode": "0600"}]})
    victim.touch(mode=0o600)
    path.unlink()
    path.symlink_to(victim)
    reload(stack, listeners=[{"address": "127.0.0.1:0"}, {"unix": str(path), "mode": "0666"}])
    stack.frontend.wait_log("not our socket any more")
    assert victim.stat().st_mode & 0o777 == 0o600


def test_listeners_come_and_go(stack: Stack, tmp_path: pathlib.Path) -> None:
    stack.start()
    port, path = free_port(), tmp_path / "http.sock"
    first = {"address": "127.0.0.1:0"}
    new = [{"address": f"127.0.0.1:{port}"}, {"unix": str(path)}]
    reload(stack, listeners=[first, *new])
    with stack.connect() as old, Connection(("127.0.0.1", port)) as connection:
        assert get_on(connection, "/diag/hello")[0] == 200
        assert path.is_socket()
        reload(stack, listeners=new[:1])
        # Connections through the one that is gone stay.
        assert get_on(old, "/diag/hello")[0] == 200
        assert get_on(connection, "/diag/hello")[0] == 200
        assert not path.exists()
        with pytest.raises(ConnectionRefusedError):
            stack.connect()
    assert request(("127.0.0.1", port), "GET", "/diag/hello").status == 200


def test_a_listener_changes_its_protocol(stack: Stack) -> None:
    stack.start()
    with stack.connect() as plain:
        assert get_on(plain, "/diag/hello")[0] == 200
        listener = {"address": "127.0.0.1:0", "proxy_protocol": "required"}
        reload(stack, listeners=[listener], trusted_proxies=["127.0.0.1"])
        assert get_on(plain, "/diag/hello")[0] == 200
    with stack.connect() as proxied:
        proxied.send(b"PROXY TCP4 192.0.2.1 192.0.2.2 1000 80\r\n")
        assert get_on(proxied, "/diag/hello")[0] == 200
    stack.frontend.wait_access_log(lambda line: line["client"] == "192.0.2.1")


def test_the_access_log_moves(stack: Stack, tmp_path: pathlib.Path) -> None:
    stack.start()
    assert stack.get("/diag/hello?1").status == 200
    stack.frontend.wait_access_log(lambda line: line["target"] == "/diag/hello?1")
    second = tmp_path / "second.log"
    reload(stack, access_log={"path": str(second), "format": "combined"})
    assert stack.get("/diag/hello?2").status == 200
    wait_until(lambda: second.exists() and "/diag/hello?2" in second.read_text(), "a line in the new log")
    assert all(line["target"] != "/diag/hello?2" for line in stack.frontend.access_log())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"limits": {"body": "much"}}, "limits.body"),
        ({"routes": [{"path": "/", "pool": "nobody"}]}, "nobody"),
        ({"routes": [{"path": "/", "static": {"root": "/nowhere"}}]}, "/nowhere"),
        ({"loops": 3}, "restart"),
        ({"admin": {"address": "127.0.0.1:1"}}, "admin.address"),
        ({"access_log": {"path": "/nowhere/log"}}, "directory"),
    ],
)
def test_a_configuration_that_cannot_be_used_changes_nothing(
    stack: Stack, changes: dict[str, Any], reason: str
) -> None:
    stack.start()
    with stack.connect() as connection:
        reload(stack, "failed", **merged({"limits": {"body": "4KiB"}}, changes))
        stack.frontend.wait_log(r"error +not reloaded")
        assert reason in stack.frontend.log()
        connection.send_request("POST", "/diag/echo", {}, b"x" * 5000)
        assert connection.read_response().status == 200
    assert reloads(stack, "ok") == 0
    assert stack.frontend.ready()


def test_a_port_that_is_taken_changes_nothing(stack: Stack, tmp_path: pathlib.Path) -> None:
    stack.start()
    free = tmp_path / "free.sock"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        listeners = [{"address": "127.0.0.1:0"}, {"unix": str(free)}, {"address": address}]
        reload(stack, "failed", listeners=listeners, routes=[{"path": "/new", "pool": "main"}])
    assert stack.get("/diag/hello").status == 200
    assert not free.exists()  # what had been opened before is closed again


def test_a_file_that_is_gone_or_empty_changes_nothing(stack: Stack) -> None:
    stack.start()
    reload_text(stack, "", "failed")
    stack.frontend.config_path.unlink()
    stack.frontend.send_signal(signal.SIGHUP)
    wait_until(lambda: reloads(stack, "failed") == 2, "another failure")
    assert stack.get("/diag/hello").status == 200


def test_many_reloads_under_load_lose_and_leak_nothing(stack: Stack, tmp_path: pathlib.Path) -> None:
    stack.start(threads=4)
    root = root_with(tmp_path, "static")
    routes = [{"path": "/static/", "static": root}, {"path": "/", "pool": "main"}]
    other = [{"path": "/", "pool": "second"}]
    endpoints = {"endpoints": [stack.backend.endpoint]}
    reload(stack, routes=routes)

    def settled() -> bool:
        return stack.metrics(stack.backend).sum("anteroom_backend_links") == 2

    wait_until(settled, "two links")
    before = stack.frontend.descriptors()
    with Load(stack.frontend.http, clients=8) as load, Load(stack.frontend.http, "/diag/sleep?ms=20", 4) as slow:
        for number in range(20):
            settings = yaml.safe_load(stack.frontend.config_path.read_text())
            settings["routes"] = routes if number % 2 else other
            settings["pools"] = {"main" if number % 2 else "second": endpoints}
            reload_text(stack, yaml.safe_dump(settings, sort_keys=False))
            load.wait_answers(20)
    load.assert_no_failure()
    slow.assert_no_failure()
    wait_until(settled, "the links of old pools to end", explain=stack.log_tails)
    wait_until(lambda: stack.open_connections() == 0, "the clients to be gone")
    wait_until(lambda: stack.frontend.descriptors() <= before + 2, "old descriptors to be closed", explain=stack.log_tails)


def test_a_reload_while_draining_is_not_tried(stack: Stack) -> None:
    stack.start()
    with stack.connect() as connection:
        connection.send_request("GET", "/diag/sleep?ms=300", {"X-Id": "last"})
        stack.wait_started("last")
        stack.frontend.terminate()
        stack.frontend.wait_log("draining")
        shutil.copy(stack.frontend.config_path, str(stack.frontend.config_path) + ".old")
        stack.frontend.send_signal(signal.SIGHUP)
        assert connection.read_response().status == 200
    assert stack.frontend.wait_exit() == 0
    assert "reloaded" not in stack.frontend.log()


def test_two_signals_at_once_are_no_harm(stack: Stack) -> None:
    stack.start()
    threads = [threading.Thread(target=stack.frontend.send_signal, args=(signal.SIGHUP,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_until(lambda: reloads(stack, "ok") >= 1, "a reload")
    assert stack.get("/diag/hello").status == 200
