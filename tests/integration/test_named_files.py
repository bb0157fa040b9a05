"""X-Accel-Redirect: a handler names a file of an internal route, the front end sends it, and nothing else ever."""

import pathlib
import urllib.parse
from collections.abc import Iterator

import pytest
from anteroom_harness.deadlines import wait_until
from anteroom_harness.frontend import Settings
from anteroom_harness.http_client import Connection, ConnectionEnded, Response, request
from anteroom_harness.load import Load
from anteroom_harness.reloads import reload_text
from anteroom_harness.stack import Stack

MIB = 1024 * 1024
SECRET = b"not for the public"
LARGE = bytes(range(256)) * 12_000  # 3 MB


def routes(tmp: pathlib.Path, private: str = "private") -> list[Settings]:
    return [
        {"path": "/private/", "static": {"root": str(tmp / private)}, "internal": True},
        {"host": "other.example", "path": "/elsewhere/", "static": {"root": str(tmp / "elsewhere")}, "internal": True},
        {"path": "/public/", "static": {"root": str(tmp / "public")}},
        {"path": "/", "pool": "main"},
    ]


def make_files(tmp: pathlib.Path) -> None:
    for name in ("private/sub", "private/empty", "elsewhere", "public"):
        (tmp / name).mkdir(parents=True)
    (tmp / "private/hello.txt").write_bytes(b"hello\n")
    (tmp / "private/with space.txt").write_bytes(b"space\n")
    (tmp / "private/sub/index.html").write_bytes(b"<h1>sub</h1>")
    (tmp / "private/large.bin").write_bytes(LARGE)
    (tmp / "private/link.txt").symlink_to(tmp / "secret.txt")
    for name in ("secret.txt", "elsewhere/secret.txt", "public/secret.txt"):
        (tmp / name).write_bytes(SECRET)


@pytest.fixture(scope="module", params=["loop", "thread"])
def site(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """For tests that leave it as it was."""
    tmp = tmp_path_factory.mktemp("site")
    make_files(tmp)
    stack = Stack(tmp, {"links": {"pump": request.param}})
    try:
        yield stack.start(settings={"routes": routes(tmp)})
    finally:
        stack.close()


@pytest.fixture
def own(stack: Stack, pump: str, tmp_path: pathlib.Path) -> Stack:
    """For tests that change or end something: one backend with one thread."""
    make_files(tmp_path)
    return stack.start(threads=1, settings={"routes": routes(tmp_path), "loops": 1})


def answers(*fields: str, body: str = "", status: int = 200) -> str:
    """The target of a request whose handler answers just so."""
    head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status} X", *fields, ""))
    return "/diag/response?raw=" + urllib.parse.quote(head + body, safe="")


def names(path: str, *fields: str, body: str = "") -> str:
    return answers(f"X-Accel-Redirect: {path}", *fields, body=body)


def redirects(stack: Stack, result: str) -> int:
    return int(stack.metrics().sum("anteroom_frontend_internal_redirects_total", result=result))


def slow_reader(stack: Stack, target: str) -> Connection:
    connection = stack.connect(receive_buffer=4096, timeout=60)
    connection.send_request("GET", target)
    return connection


# -- what comes


def test_the_file_comes_in_place_of_a_body(site: Stack) -> None:
    response = site.get(names("/private/hello.txt"))
    assert (response.status, response.body) == (200, b"hello\n")
    assert response.header("Content-Length") == "6"
    assert response.header("Content-Type").startswith("text/plain")
    assert response.header("ETag") and response.header("Last-Modified").endswith("GMT")
    assert response.header("Date")
    assert response.header("X-Accel-Redirect") is None


def test_a_large_file_comes_whole(site: Stack) -> None:
    response = site.get(names("/private/large.bin", "Content-Type: video/mp4"))
    assert (response.status, response.header("Content-Type")) == (200, "video/mp4")
    assert response.header("Content-Length") == str(len(LARGE))
    assert response.body == LARGE, "not the bytes of the file"


def test_names_are_percent_encoded(site: Stack) -> None:
    assert site.get(names("/private/with%20space.txt")).body == b"space\n"
    assert site.get(names("/%70rivate/hello.%74xt")).body == b"hello\n"
    # As the library does for a handler.
    assert site.get("/diag/file?path=/private/with%20space.txt").body == b"space\n"


def test_a_directory_is_its_index_and_never_a_redirect(site: Stack) -> None:
    assert site.get(names("/private/sub/")).body == b"<h1>sub</h1>"
    response = site.get(names("/private/sub"))
    assert (response.status, response.header("Location")) == (404, None)


def test_what_is_not_there_is_404(site: Stack) -> None:
    missing = redirects(site, "missing")
    for name in ("nothing.txt", "empty/", "hello.txt/", "hello.txt/x", "link.txt"):
        response = site.get(names(f"/private/{name}", "Set-Cookie: a=1"))
        assert (response.status, response.header("Set-Cookie")) == (404, None), name
        assert SECRET not in response.body and b"private" not in response.body
    assert redirects(site, "missing") == missing + 5


def test_head_and_conditions(site: Stack) -> None:
    target = names("/private/hello.txt", "Set-Cookie: a=1", "Content-Disposition: attachment", "Vary: Cookie")
    first = site.get(target)
    with site.connect() as connection:
        connection.send_request("HEAD", target)
        head = connection.read_response("HEAD")
        assert (head.status, head.header("Content-Length"), head.header("ETag")) == (200, "6", first.header("ETag"))
        connection.send_request("GET", target, {"If-None-Match": first.header("ETag")})
        response = connection.read_response()
        assert (response.status, response.header("ETag")) == (304, first.header("ETag"))
        assert (response.header("Set-Cookie"), response.header("Vary")) == ("a=1", "Cookie")
        assert (response.header("Content-Disposition"), response.header("Content-Type")) == (None, None)
        connection.send_request("GET", target, {"If-Modified-Since": first.header("Last-Modified")})
        assert connection.read_response().status == 304
        connection.send_request("GET", target, {"If-None-Match": '"other"'})
        assert connection.read_response().body == b"hello\n"


def test_the_handlers_fields_go_on_but_for_those_of_its_body(site: Stack) -> None:
    response = site.get(
        names(
            "/private/hello.txt",
            "content-type: text/x-special",
            "Content-Disposition: attachment",
            "Set-Cookie: a=1",
            "Set-Cookie: b=2",
            "Cache-Control: private",
            "Content-Security-Policy: sandbox",
            'ETag: "handler"',
            "Last-Modified: never",
            "Accept-Ranges: none",
            "Content-Encoding: gzip",
            "X-Accel-Buffering: no",
            "Date: yesterday",
        )
    )
    assert (response.status, response.body) == (200, b"hello\n")
    assert response.header("Content-Type") == "text/x-special"
    assert response.header("Content-Disposition") == "attachment"
    assert response.all("Set-Cookie") == ["a=1", "b=2"]
    assert response.header("Cache-Control") == "private"
    assert response.header("Content-Security-Policy") == "sandbox"
    assert response.header("ETag") != '"handler"' and response.header("Last-Modified") != "never"
    assert response.header("Accept-Ranges") != "none" and response.header("Date") != "yesterday"
    assert response.header("Content-Encoding") is None and response.header("X-Accel-Buffering") is None


def test_a_body_is_dropped(site: Stack) -> None:
    assert site.get(names("/private/hello.txt", body="of the handler")).body == b"hello\n"
    assert site.get(f"/diag/bytes?n={20 * MIB}&file=/private/hello.txt").body == b"hello\n"


def test_other_methods_get_the_file_as_it_is(site: Stack) -> None:
    tag = site.get(names("/private/hello.txt")).header("ETag")
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        response = request(
            site.frontend.http, method, names("/private/hello.txt"), {"If-None-Match": tag, "Range": "bytes=0-1"}, body=b"x" * 1000
        )
        assert (response.status, response.body) == (200, b"hello\n"), method


def test_answers_stay_in_order(site: Stack) -> None:
    with site.connect() as connection:
        for _ in range(5):
            connection.send_request("GET", names("/private/large.bin"))
            connection.send_request("GET", "/diag/hello")
            connection.send_request("GET", names("/private/hello.txt"))
            connection.send_request("GET", names("/private/nothing"))
        for _ in range(5):
            assert len(connection.read_response().body) == len(LARGE)
            assert connection.read_response().body == b"hello world"
            assert connection.read_response().body == b"hello\n"
            assert connection.read_response().status == 404


# -- what does not


@pytest.mark.parametrize(
    "path",
    [
        "/private/../secret.txt",
        "/private/%2e%2e/secret.txt",
        "/private/.%2E/private/hello.txt",
        "/private/sub/../hello.txt",
        "/private/./hello.txt",
        "/private/..%2fsecret.txt",
        "/private%2fhello.txt",
        "/private/..%5csecret.txt",
        "/private\\hello.txt",
        "/private/hello.txt%00",
        "/private/hello.txt%00.html",
        "/private/hello.txt%0d%0aX-Evil: 1",
        "/private/hello.txt?",
        "/private/hello.txt?a=b",
        "/private/hello.txt#a",
        "/private/with space.txt",
        "/private/caf\u00e9.txt",
        "/private/hello.txt%",
        "/private/hello.txt%zz",
        "/private",
        "/privatehello.txt",
        "private/hello.txt",
        "http://test/private/hello.txt",
        "//private/hello.txt",
        "*",
        "",
        "/public/secret.txt",
        "/diag/hello",
        "/elsewhere/secret.txt",
        "/etc/passwd",
    ],
)
def test_everything_else_is_502(site: Stack, path: str) -> None:
    refused = redirects(site, "refused")
    with site.connect() as connection:
        connection.send_request("GET", names(path, "X-A: b", body="of the handler"))
        response = connection.read_response()
        assert response.status == 502
        assert (response.all("X-Accel-Redirect"), response.all("X-A"), response.all("X-Evil")) == ([], [], [])
        assert SECRET not in response.body and b"handler" not in response.body
        connection.send_request("GET", "/diag/hello")
        assert connection.read_response().body == b"hello world"
    assert redirects(site, "refused") == refused + 1


def test_a_control_byte_in_the_field_is_refused_as_in_every_other(site: Stack) -> None:
    for byte in ("\r", "\n", "\0", "\x7f"):
        response = site.get(names(f"/private/hello.txt{byte}X-Evil: 1"))
        assert (response.status, response.all("X-Evil")) == (502, [])


def test_two_names_are_502(site: Stack) -> None:
    field = "X-Accel-Redirect: /private/hello.txt"
    assert site.get(answers(field, field)).status == 502
    assert site.get(answers(field, "x-accel-redirect: /private/with%20space.txt")).status == 502


@pytest.mark.parametrize("status", [201, 204, 206, 302, 304, 404, 500])
def test_another_status_than_200_is_502(site: Stack, status: int) -> None:
    assert site.get(answers("X-Accel-Redirect: /private/hello.txt", status=status)).status == 502


def test_without_internal_routes_the_field_still_reaches_no_client(shared: Stack) -> None:
    response = shared.get(names("/private/hello.txt", body="of the handler"))
    assert (response.status, response.header("X-Accel-Redirect")) == (502, None)
    assert b"private" not in response.body


def test_a_host_has_its_own_internal_routes(site: Stack) -> None:
    def ask(path: str, host: str) -> Response:
        return request(site.frontend.http, "GET", names(path), host=host)

    assert ask("/elsewhere/secret.txt", "other.example").body == SECRET
    assert ask("/elsewhere/secret.txt", "third.example").status == 502
    assert ask("/private/hello.txt", "other.example").body == b"hello\n"


@pytest.mark.parametrize(
    "target",
    [
        "/private/hello.txt",
        "/private/",
        "/%70rivate/hello.txt",
        "/public/../private/hello.txt",
        "/x/%2e%2e/private/hello.txt",
        "http://test/private/hello.txt",
    ],
)
def test_no_client_reaches_an_internal_route(site: Stack, target: str) -> None:
    with site.connect() as connection:
        for method in ("GET", "HEAD", "OPTIONS"):
            connection.send_request(method, target, {"X-Accel-Redirect": "/private/hello.txt"})
            response = connection.read_response(method)
            assert (response.status, b"hello" in response.body) == (404, False)
    assert request(site.frontend.http, "POST", target, body=b"x").status == 404
    path = target.removeprefix("http://test")  # what the log has
    line = site.frontend.wait_access_log(lambda line: line["target"] == path and line["method"] == "POST")
    assert (line["outcome"], line.get("route"), line.get("backend")) == ("no_route", None, None)


# -- what is left of it


def test_the_log_names_backend_and_both_routes(site: Stack) -> None:
    sent = redirects(site, "sent")
    target = names("/private/large.bin", "X-B: of the log")
    site.get(target)
    line = site.frontend.wait_access_log(lambda line: line["target"] == target)
    assert (line["status"], line["outcome"]) == (200, "served")
    assert (line["route"], line["pool"], line["internal_route"]) == ("/", "main", "/private/")
    assert line["backend"] and line["bytes_out"] > len(LARGE)
    for phase in ("read_ms", "queue_ms", "dispatch_ms", "backend_queue_ms", "run_ms", "write_ms", "total_ms"):
        assert line[phase] >= 0, phase
    assert redirects(site, "sent") == sent + 1


def test_the_log_says_why_not(site: Stack) -> None:
    target = names("/etc/passwd", "X-B: of the log")
    site.get(target)
    line = site.frontend.wait_access_log(lambda line: line["target"] == target)
    assert (line["status"], line["outcome"]) == (502, "backend_invalid")
    assert (line["route"], "internal_route" in line) == ("/", False)
    assert "X-Accel-Redirect" in line["detail"] and line["backend"]


def test_a_handler_that_writes_a_body_is_cancelled(own: Stack) -> None:
    # It would write for hours.
    for _ in range(3):
        assert own.get(f"/diag/bytes?n={1 << 40}&chunk=65536&file=/private/hello.txt").body == b"hello\n"
    assert own.get("/diag/whoami").json()["in_flight"] == 1  # this very handler
    wait_until(lambda: own.metrics().sum("anteroom_pool_in_flight_requests") == 0, "nothing to be at the backend")


def test_slow_readers_hold_nothing_at_a_backend(own: Stack, tmp_path: pathlib.Path) -> None:
    """More of them than threads, by far; the file is more than any socket takes."""
    with (tmp_path / "private/huge.bin").open("wb") as huge:
        huge.truncate(32 * MIB)
    sent = redirects(own, "sent")
    readers = [slow_reader(own, names("/private/huge.bin")) for _ in range(64)]
    wait_until(lambda: redirects(own, "sent") == sent + 64, "all to be on their way", explain=own.log_tails)
    assert own.metrics().sum("anteroom_pool_in_flight_requests") == 0
    assert own.get("/diag/whoami").json()["in_flight"] == 1
    assert own.metrics().sum("anteroom_frontend_buffered_bytes") < 2 * MIB
    response = readers[0].read_response()
    assert len(response.body) == 32 * MIB and not any(response.body)
    for reader in readers:
        reader.close()
    wait_until(lambda: own.open_connections() == 0, "the connections to be gone")


def test_a_file_that_cannot_be_read(own: Stack, tmp_path: pathlib.Path) -> None:
    (tmp_path / "private").rename(tmp_path / "away")
    response = own.get(names("/private/hello.txt"))
    assert response.status == 503 and response.header("Retry-After")
    # It has run, and may not be told to come again.
    response = own.post(names("/private/hello.txt"), b"x")
    assert (response.status, response.header("Retry-After")) == (502, None)
    assert redirects(own, "failed") == 2
    (tmp_path / "away").rename(tmp_path / "private")
    assert own.get(names("/private/hello.txt")).body == b"hello\n"


def test_a_file_that_shrinks_cuts_the_connection(own: Stack, tmp_path: pathlib.Path) -> None:
    with (tmp_path / "private/huge.bin").open("wb") as huge:
        huge.truncate(32 * MIB)
    with slow_reader(own, names("/private/huge.bin")) as reader:
        assert reader.read_head().header("Content-Length") == str(32 * MIB)
        with (tmp_path / "private/huge.bin").open("r+b") as huge:
            huge.truncate(MIB)
        with pytest.raises(ConnectionEnded):
            reader.read_exactly(32 * MIB)
    own.frontend.wait_access_log(lambda line: line["outcome"] == "cut" and line["internal_route"] == "/private/")


def test_clients_that_leave_at_once(own: Stack, cycles: int) -> None:
    for number in range(4 * cycles):
        with own.connect() as connection:
            connection.send_request("GET", names(f"/private/{'large.bin' if number % 2 else 'hello.txt'}"))
            if number % 3:
                connection.reset()
    wait_until(lambda: own.open_connections() == 0, "the connections to be gone", explain=own.log_tails)
    wait_until(lambda: own.metrics().sum("anteroom_pool_in_flight_requests") == 0, "nothing to be at the backend")
    assert own.metrics().sum("anteroom_frontend_buffered_bytes") == 0
    assert own.get(names("/private/large.bin")).body == LARGE, "not the bytes of the file"


def test_a_drain_waits_for_the_file(own: Stack) -> None:
    with slow_reader(own, names("/private/large.bin")) as reader:
        assert reader.read_head().status == 200
        own.frontend.terminate()
        own.frontend.wait_not_ready()
        assert reader.read_exactly(len(LARGE)) == LARGE, "not the bytes of the file"
    assert own.frontend.wait_exit() == 0


def test_a_reload_leaves_what_is_under_way(own: Stack, tmp_path: pathlib.Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "hello.txt").write_bytes(b"other\n")
    before = own.frontend.config_path.read_text()
    after = before.replace(str(tmp_path / "private"), str(other))
    assert after != before

    with slow_reader(own, names("/private/large.bin")) as reader:
        assert reader.read_head().status == 200
        reload_text(own, after)
        assert own.get(names("/private/hello.txt")).body == b"other\n"
        assert reader.read_exactly(len(LARGE)) == LARGE, "not the bytes of the file"
    # Requests that find themselves anywhere in between.
    with Load(own.frontend.http, names("/private/hello.txt"), clients=4) as load:
        for number in range(20):
            reload_text(own, before if number % 2 else after)
    load.assert_no_failure()
