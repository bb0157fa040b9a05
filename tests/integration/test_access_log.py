"""One line of JSON an exchange, whatever the client sends."""

import pathlib
import re
import signal

import pytest
from anteroom_harness.deadlines import wait_until
from anteroom_harness.frontend import Line
from anteroom_harness.http_client import request
from anteroom_harness.stack import Stack


def lines_after(stack: Stack, count: int) -> list[Line]:
    wait_until(lambda: len(stack.frontend.access_log()) >= count, f"{count} lines in the access log")
    return stack.frontend.access_log()


def test_a_line_says_who_asked_what_and_how_it_ended(stack: Stack) -> None:
    stack.start()
    response = request(stack.frontend.http, "POST", "/diag/echo?x=1", {"User-Agent": "tester"}, b"hello", host="h.example")
    (line,) = lines_after(stack, 1)
    assert line["method"] == "POST"
    assert line["target"] == "/diag/echo?x=1"
    assert line["host"] == "h.example"
    assert line["status"] == 200
    assert line["outcome"] == "served"
    assert line["client"].startswith("127.0.0.1")
    assert line["bytes_in"] >= len(b"hello")
    assert line["bytes_out"] >= len(response.body)
    assert line["backend"]
    assert line["attempt"] == 1
    assert line["total_ms"] >= line["run_ms"] >= 0
    assert line["id"]


PHASES = ("read_ms", "queue_ms", "dispatch_ms", "backend_queue_ms", "run_ms", "write_ms")


def test_the_phases_of_a_request_add_up(stack: Stack, pump: str) -> None:
    stack.start()
    with stack.connect() as connection:
        connection.send(b"GET /diag/sleep?ms=50 HTTP/1.1\r\n")
        wait_until(lambda: stack.metrics().sum("anteroom_frontend_received_bytes_total") > 0, "the first byte to arrive")
        connection.send(b"Host: t\r\n\r\n")
        connection.read_response()
        connection.send_request("POST", "/diag/echo", body=bytes(1_000_000))
        connection.read_response()
        connection.send_request("GET", "/diag/bytes?n=1000&chunk=100&delay_ms=10")  # streamed
        connection.read_response()
    slept, echoed, streamed = lines_after(stack, 3)
    for line in (slept, echoed, streamed):
        assert all(line[phase] >= 0 for phase in PHASES)
        assert sum(line[phase] for phase in PHASES) == pytest.approx(line["total_ms"], abs=0.01)
    assert slept["read_ms"] > 0
    assert slept["run_ms"] >= 50
    assert slept["dispatch_ms"] < slept["run_ms"]
    assert streamed["write_ms"] >= 50 > streamed["run_ms"]


def test_a_request_that_never_got_a_thread_says_how_long_it_waited(stack: Stack) -> None:
    stack.start_frontend({"pools": {"main": {"queue": {"wait": "200ms"}}}}, endpoints=["127.0.0.1:1"])
    assert stack.get("/").status == 503
    (line,) = lines_after(stack, 1)
    assert line["queue_ms"] == pytest.approx(200, abs=150)
    assert not {"dispatch_ms", "run_ms"} & line.keys()
    assert line["write_ms"] >= 0


def test_one_line_an_exchange(stack: Stack) -> None:
    stack.start()
    with stack.connect() as connection:
        for number in range(20):
            connection.send_request("GET", f"/diag/hello?n={number}")
        for number in range(20):
            connection.read_response()
    lines = lines_after(stack, 20)
    assert [line["target"] for line in lines] == [f"/diag/hello?n={number}" for number in range(20)]


def test_static_files_and_refusals_are_logged_too(stack: Stack, tmp_path: pathlib.Path) -> None:
    (tmp_path / "www").mkdir()
    (tmp_path / "www/a.txt").write_text("a")
    stack.start_backend()
    stack.start_frontend({"routes": [{"path": "/static/", "static": {"root": str(tmp_path / "www")}}]})
    assert stack.get("/static/a.txt").status == 200
    assert stack.get("/nowhere").status == 404
    with stack.connect() as connection:
        connection.send(b"BAD\r\n\r\n")
        connection.read_response()
    outcomes = {(line["status"], line["outcome"]) for line in lines_after(stack, 3)}
    assert outcomes == {(200, "static"), (404, "no_route"), (400, "bad_request")}


HOSTILE = [
    b'/a"b',
    b"/a\\b",
    b'/","status":999,"x":"',
    b"/\x80\xff\xfe",
    "/\N{SNOWMAN}\u2028".encode(),
    b"/</script>",
    b"/%0d%0a%22",
]


def test_hostile_bytes_stay_inside_their_string(stack: Stack) -> None:
    stack.start()
    sent = 0
    for target in HOSTILE:
        for head in (
            b"GET " + target + b" HTTP/1.1\r\nHost: t\r\n",
            b"GET /diag/hello HTTP/1.1\r\nHost: t\r\nUser-Agent: " + target + b"\r\nReferer: " + target + b"\r\n",
            b"GET /diag/hello HTTP/1.1\r\nHost: " + target + b"\r\n",
        ):
            with stack.connect() as connection:
                connection.send(head + b"Connection: close\r\n\r\n")
                connection.read_response()
                sent += 1
    lines = lines_after(stack, sent)  # parsing them is the test
    assert len(lines) == sent
    assert all(line["status"] in range(200, 600) and line["outcome"] for line in lines)


def test_usr1_goes_on_in_a_new_file(stack: Stack) -> None:
    stack.start()
    stack.get("/diag/hello", headers={"User-Agent": "before"})
    frontend = stack.frontend
    frontend.wait_access_log(lambda line: line.get("user_agent") == "before")
    moved = frontend.access_log_path.with_suffix(".1")
    frontend.access_log_path.rename(moved)
    frontend.send_signal(signal.SIGUSR1)
    wait_until(frontend.access_log_path.exists, "the new file")
    stack.get("/diag/hello", headers={"User-Agent": "after"})
    frontend.wait_access_log(lambda line: line.get("user_agent") == "after")
    assert b"before" in moved.read_bytes()
    assert b"after" not in moved.read_bytes()


def test_usr1_keeps_the_old_file_when_there_is_no_new_one(stack: Stack) -> None:
    stack.start()
    frontend = stack.frontend
    moved = frontend.access_log_path.with_suffix(".1")
    frontend.access_log_path.rename(moved)
    frontend.access_log_path.mkdir()
    frontend.send_signal(signal.SIGUSR1)
    frontend.wait_log("access log not reopened .*reason=Is a directory")
    stack.get("/diag/hello", headers={"User-Agent": "after"})
    wait_until(lambda: b"after" in moved.read_bytes(), "the line in the old file")


def test_a_log_that_cannot_be_written_stops_nothing(stack: Stack) -> None:
    stack.start(settings={"access_log": {"path": "/dev/full"}})
    for _ in range(50):
        assert stack.get("/diag/hello").status == 200


def test_nothing_is_lost_at_the_end(stack: Stack) -> None:
    stack.start()
    for _ in range(100):
        stack.get("/diag/hello")
    stack.frontend.stop()
    assert len(stack.frontend.access_log()) == 100


COMBINED = re.compile(
    r'(\S+) - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\] "([^"]*)" (\d{3}) (\d+) "([^"]*)" "([^"]*)"'
)


def combined_after(stack: Stack, count: int) -> list[tuple[str, ...]]:
    """Client, request, status, bytes, referer and user agent of each line; every one has to be of that form."""
    path = stack.frontend.access_log_path
    wait_until(lambda: path.read_bytes().count(b"\n") >= count, f"{count} lines in the access log")
    found = [COMBINED.fullmatch(line) for line in path.read_text("ascii").splitlines()]
    assert all(found), path.read_text("ascii")[:2000]
    return [match.groups() for match in found if match]


def test_the_combined_format(stack: Stack, tmp_path: pathlib.Path) -> None:
    (tmp_path / "www").mkdir()
    (tmp_path / "www/a.txt").write_text("a" * 123)
    (tmp_path / "www/large.txt").write_text("a" * 3_000_000)
    stack.start_backend()
    routes = [{"path": "/static/", "static": {"root": str(tmp_path / "www")}}, {"path": "/diag/", "pool": "main"}]
    stack.start_frontend({"routes": routes, "access_log": {"format": "combined"}})
    said = {"Referer": "https://example.com/?q=1", "User-Agent": "tester/1"}
    sizes = []
    for target in ("/static/a.txt", "/static/large.txt", "/diag/bytes?n=5000", "/diag/hello", "/nowhere"):
        sizes.append(len(stack.get(target, headers=said).body))
    with stack.connect() as connection:
        connection.send_request("HEAD", "/static/a.txt")
        connection.read_response("HEAD")
        connection.send(b"POST /diag/echo HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert connection.read_head().status == 100
        connection.send(b"ab")
        sizes.append(len(connection.read_response().body))
    agent = ("https://example.com/?q=1", "tester/1")
    wanted = [
        ("127.0.0.1", "GET /static/a.txt HTTP/1.1", "200", "123", *agent),
        ("127.0.0.1", "GET /static/large.txt HTTP/1.1", "200", "3000000", *agent),
        ("127.0.0.1", "GET /diag/bytes?n=5000 HTTP/1.1", "200", "5000", *agent),
        ("127.0.0.1", "GET /diag/hello HTTP/1.1", "200", str(sizes[3]), *agent),
        ("127.0.0.1", "GET /nowhere HTTP/1.1", "404", str(sizes[4]), *agent),
        ("127.0.0.1", "HEAD /static/a.txt HTTP/1.1", "200", "0", "-", "-"),
        ("127.0.0.1", "POST /diag/echo HTTP/1.1", "200", str(sizes[5]), "-", "-"),
    ]
    # Each loop writes its own lines, after its answers, so two connections may come in either order.
    assert sorted(combined_after(stack, 7)) == sorted(wanted)


def test_hostile_bytes_leave_one_line_of_the_combined_format(stack: Stack) -> None:
    stack.start(settings={"access_log": {"format": "combined"}})
    sent = 0
    for target in HOSTILE:
        for head in (
            b"GET " + target + b" HTTP/1.1\r\nHost: t\r\n",
            b"GET /diag/hello HTTP/1.1\r\nHost: t\r\nUser-Agent: " + target + b"\r\nReferer: " + target + b"\r\n",
            target + b" / HTTP/1.1\r\nHost: t\r\n",
        ):
            with stack.connect() as connection:
                connection.send(head + b"Connection: close\r\n\r\n")
                connection.read_response()
                sent += 1
    lines = combined_after(stack, sent)
    assert len(lines) == sent
    assert {line[2] for line in lines} <= {"200", "400", "404"}
    assert any(line[4:] == ("/\\x80\\xFF\\xFE",) * 2 for line in lines)
