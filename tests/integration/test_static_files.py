"""Files are served by the front end itself, and nothing outside of the root ever is."""

import os
import pathlib

import pytest
from anteroom_harness.deadlines import wait_until
from anteroom_harness.http_client import Response, request
from anteroom_harness.stack import Stack

SECRET = b"not for the public"


@pytest.fixture
def site(stack: Stack, tmp_path: pathlib.Path) -> Stack:
    root = tmp_path / "www"
    (root / "sub").mkdir(parents=True)
    (root / "index.html").write_bytes(b"<h1>start</h1>")
    (root / "sub" / "index.html").write_bytes(b"<h1>sub</h1>")
    (root / "hello.txt").write_bytes(b"hello\n")
    (root / "with space.txt").write_bytes(b"space\n")
    (root / "empty.css").write_bytes(b"")
    (root / "large.bin").write_bytes(os.urandom(3_000_000))
    (tmp_path / "secret.txt").write_bytes(SECRET)
    (root / "inside.txt").symlink_to("hello.txt")
    (root / "outside.txt").symlink_to(tmp_path / "secret.txt")
    (root / "outside").symlink_to(tmp_path)
    os.mkfifo(root / "pipe")
    stack.start_backend()
    stack.start_frontend(
        {"routes": [{"path": "/static/", "static": {"root": str(root)}}, {"path": "/", "pool": "main"}]}
    )
    return stack


def test_a_file_with_its_type_and_validators(site: Stack) -> None:
    response = site.get("/static/hello.txt")
    assert response.status == 200
    assert response.body == b"hello\n"
    assert response.header("Content-Length") == "6"
    assert response.header("Content-Type").startswith("text/plain")
    assert response.header("ETag")
    assert response.header("Last-Modified").endswith("GMT")
    assert response.header("Date")


@pytest.mark.parametrize(
    ("name", "kind"), [("empty.css", "text/css"), ("index.html", "text/html"), ("large.bin", "application/octet-stream")]
)
def test_the_type_follows_the_name(site: Stack, name: str, kind: str) -> None:
    assert site.get(f"/static/{name}").header("Content-Type").startswith(kind)


def test_a_large_file_comes_whole(site: Stack, tmp_path: pathlib.Path) -> None:
    response = site.get("/static/large.bin")
    assert response.body == (tmp_path / "www/large.bin").read_bytes()


def test_an_empty_file(site: Stack) -> None:
    response = site.get("/static/empty.css")
    assert (response.status, response.header("Content-Length")) == (200, "0")


def test_escaped_names_are_decoded(site: Stack) -> None:
    assert site.get("/static/with%20space.txt").body == b"space\n"


def test_a_query_does_not_matter(site: Stack) -> None:
    assert site.get("/static/hello.txt?v=2").body == b"hello\n"


def test_a_directory_shows_its_index(site: Stack) -> None:
    assert site.get("/static/").body == b"<h1>start</h1>"
    assert site.get("/static/sub/").body == b"<h1>sub</h1>"


def test_a_directory_without_slash_is_not_a_file(site: Stack) -> None:
    # A redirect is as good as 404; a page under the wrong base address would not be.
    response = site.get("/static/sub")
    assert response.status in (301, 308, 404)
    if response.status != 404:
        assert response.header("Location").endswith("/static/sub/")


def test_head_of_a_file(site: Stack) -> None:
    with site.connect() as connection:
        connection.send_request("HEAD", "/static/hello.txt")
        response = connection.read_response("HEAD")
        assert (response.status, response.header("Content-Length")) == (200, "6")
        connection.send_request("GET", "/static/hello.txt")
        assert connection.read_response().body == b"hello\n"


def conditional(site: Stack, name: str, value: str) -> Response:
    return request(site.frontend.http, "GET", "/static/hello.txt", {name: value})


def test_an_unchanged_file_is_304(site: Stack) -> None:
    first = site.get("/static/hello.txt")
    by_tag = conditional(site, "If-None-Match", first.header("ETag"))
    assert (by_tag.status, by_tag.body, by_tag.header("ETag")) == (304, b"", first.header("ETag"))
    assert conditional(site, "If-None-Match", f'"other", {first.header("ETag")}').status == 304
    assert conditional(site, "If-None-Match", "*").status == 304
    assert conditional(site, "If-Modified-Since", first.header("Last-Modified")).status == 304


def test_a_changed_file_is_sent_again(site: Stack, tmp_path: pathlib.Path) -> None:
    first = site.get("/static/hello.txt")
    assert conditional(site, "If-None-Match", '"other"').status == 200
    assert conditional(site, "If-Modified-Since", "Thu, 01 Jan 1970 00:00:00 GMT").status == 200
    path = tmp_path / "www/hello.txt"
    replacement = tmp_path / "replacement"
    replacement.write_bytes(b"changed\n")
    os.utime(replacement, (path.stat().st_mtime + 10, path.stat().st_mtime + 10))
    replacement.rename(path)
    # Each loop may believe for a moment what it has seen.
    wait_until(lambda: site.get("/static/hello.txt").body == b"changed\n", "the new file to be served")
    wait_until(
        lambda: conditional(site, "If-None-Match", first.header("ETag")).status == 200, "the old validator to be of no use"
    )


def test_what_is_not_there_is_404(site: Stack) -> None:
    for name in ("nothing.txt", "nothing/", "hello.txt/", "hello.txt/x", "%00", "hello.txt%00.html"):
        assert site.get(f"/static/{name}").status in (400, 404), name


@pytest.mark.parametrize(
    "path",
    [
        "/static/../secret.txt",
        "/static/sub/../../secret.txt",
        "/static/%2e%2e/secret.txt",
        "/static/..%2fsecret.txt",
        "/static/%2e%2e%2fsecret.txt",
        "/static/.%2e/secret.txt",
        "/static/..%5csecret.txt",
        "/static//secret.txt",
        "/static/./../secret.txt",
        "/static/%252e%252e/secret.txt",
        "/static/outside.txt",
        "/static/outside/secret.txt",
        "/static/pipe",
    ],
)
def test_nothing_outside_of_the_root_is_served(site: Stack, path: str) -> None:
    with site.connect() as connection:
        connection.send_request("GET", path)
        response = connection.read_response()
        assert response.status in (301, 308, 400, 403, 404)
        assert SECRET not in response.body


def test_other_methods_are_405_with_allow(site: Stack) -> None:
    response = request(site.frontend.http, "POST", "/static/hello.txt", body=b"x")
    assert response.status == 405
    assert {"GET", "HEAD"} <= {method.strip() for method in response.header("Allow").split(",")}


def test_files_are_served_while_every_backend_is_dead(site: Stack) -> None:
    site.backend.kill()
    with site.connect() as connection:
        for _ in range(10):
            connection.send_request("GET", "/static/hello.txt")
            assert connection.read_response().body == b"hello\n"


def test_pipelined_files_and_handlers_keep_their_order(site: Stack) -> None:
    with site.connect() as connection:
        for _ in range(5):
            connection.send_request("GET", "/diag/sleep?ms=20")
            connection.send_request("GET", "/static/hello.txt")
            connection.send_request("GET", "/static/large.bin")
        for _ in range(5):
            assert connection.read_response().status == 200
            assert connection.read_response().body == b"hello\n"
            assert len(connection.read_response().body) == 3_000_000
