"""What an operator says about a static route: fields, types, what stands in for missing names, listings, links."""

import html.parser
import os
import pathlib
import re
import urllib.parse
from typing import Any

import pytest
from anteroom_harness.deadlines import wait_until
from anteroom_harness.http_client import Response, request
from anteroom_harness.reloads import reload
from anteroom_harness.stack import Stack


@pytest.fixture
def root(tmp_path: pathlib.Path) -> pathlib.Path:
    root = tmp_path / "www"
    (root / "sub").mkdir(parents=True)
    (root / "hello.txt").write_bytes(b"hello\n")
    (root / "app.html").write_bytes(b"<p>app")
    (root / "404.html").write_bytes(b"<p>gone")
    (root / "sub" / "a.wat").write_bytes(b"wat")
    (root / ".hidden").write_bytes(b"hidden")
    (root / ".well-known").mkdir()
    (root / ".well-known" / "security.txt").write_bytes(b"well known")
    (root / "link").symlink_to("hello.txt")
    (tmp_path / "secret.txt").write_bytes(b"secret")
    (root / "out").symlink_to("../secret.txt")
    return root


def route(root: pathlib.Path, **options: Any) -> list[dict[str, Any]]:
    return [{"path": "/files/", "static": {"root": str(root), **options}}]


def start(stack: Stack, root: pathlib.Path, **options: Any) -> None:
    stack.start_frontend({"pools": None, "routes": route(root, **options)})


def reload_with(stack: Stack, root: pathlib.Path, **options: Any) -> None:
    reload(stack, routes=route(root, **options))


def get(stack: Stack, name: str, method: str = "GET", **headers: str) -> Response:
    fields = {key.replace("_", "-"): value for key, value in headers.items()}
    return request(stack.frontend.http, method, f"/files/{name}", fields)


def test_a_reload_changes_every_setting_of_a_route(stack: Stack, root: pathlib.Path) -> None:
    start(stack, root)
    plain = get(stack, "hello.txt")
    assert plain.header("Cache-Control") is None
    assert plain.header("X-Content-Type-Options") == "nosniff"
    for name in ("link", ".hidden", "sub/", "users/7", "out"):
        assert get(stack, name).status == 404, name
    assert get(stack, "sub/a.wat").header("Content-Type") == "application/octet-stream"

    reload_with(stack, root, cache_control="public, max-age=60")
    assert get(stack, "hello.txt").header("Cache-Control") == "public, max-age=60"
    reload_with(stack, root, expires="2m", nosniff=False)
    changed = get(stack, "hello.txt")
    assert changed.header("Cache-Control") == "max-age=120"
    assert changed.header("Expires") is None
    assert changed.header("X-Content-Type-Options") is None
    reload_with(stack, root, headers={"X-Frame-Options": "DENY"}, types={"wat": "text/wat"})
    assert get(stack, "hello.txt").header("X-Frame-Options") == "DENY"
    assert get(stack, "sub/a.wat").header("Content-Type") == "text/wat; charset=utf-8"
    reload_with(stack, root, symlinks="within", hidden=True)
    assert get(stack, "link").body == b"hello\n"
    assert get(stack, ".hidden").body == b"hidden"
    assert get(stack, "out").status == 404
    reload_with(stack, root, listing=True)
    assert b"a.wat" in get(stack, "sub/").body
    assert get(stack, "link").status == 404
    reload_with(stack, root, fallback="app.html")
    assert get(stack, "users/7").body == b"<p>app"
    reload_with(stack, root, error_pages={"404": "404.html"})
    gone = get(stack, "users/7")
    assert (gone.status, gone.body) == (404, b"<p>gone")
    reload_with(stack, root)
    assert get(stack, "users/7").body == b"404 Not Found\n"


def test_a_304_has_the_fields_that_clients_store(stack: Stack, root: pathlib.Path) -> None:
    start(stack, root, cache_control="no-cache", headers={"Vary": "Origin", "Content-Language": "en"})
    first = get(stack, "hello.txt")
    again = get(stack, "hello.txt", If_None_Match=first.header("ETag"))
    assert (again.status, again.body) == (304, b"")
    for name in ("Cache-Control", "Vary", "ETag"):
        assert again.header(name) == first.header(name)
    assert first.header("Content-Language") == "en"
    assert again.header("Content-Language") is None
    assert again.header("Content-Length") is None


def test_methods_do_not_depend_on_what_stands_in(stack: Stack, root: pathlib.Path) -> None:
    start(stack, root, fallback="app.html", listing=True, error_pages={"404": "404.html"})
    for name in ("hello.txt", "users/7", "sub/", "gone.js"):
        options = get(stack, name, "OPTIONS")
        assert (options.status, options.header("Allow")) == (204, "GET, HEAD, OPTIONS"), name
        post = get(stack, name, "POST")
        assert (post.status, post.header("Allow")) == (405, "GET, HEAD, OPTIONS"), name


def test_an_application_gets_its_page_and_a_lost_file_404(stack: Stack, root: pathlib.Path) -> None:
    start(stack, root, fallback="app.html")
    page = get(stack, "users/7")
    assert (page.status, page.body) == (200, b"<p>app")
    assert page.header("Content-Type") == "text/html; charset=utf-8"
    assert get(stack, "users/8", If_None_Match=page.header("ETag")).status == 304
    assert get(stack, "app.3f2a.js").status == 404
    assert get(stack, ".env").status == 404
    assert get(stack, "sub").header("Location") == "/files/sub/"


@pytest.mark.parametrize("size", [7, 200_000], ids=["memory", "disk"])
def test_an_error_page_has_its_status_length_and_type(stack: Stack, root: pathlib.Path, size: int) -> None:
    body = os.urandom(size)
    (root / "404.html").write_bytes(body)
    start(stack, root, error_pages={"404": "404.html"}, cache_control="max-age=31536000")
    with stack.connect() as connection:
        for _ in range(3):
            for method in ("GET", "HEAD"):
                connection.send_request(method, "/files/gone", {"If-None-Match": "*", "Range": "bytes=0-1"})
                response = connection.read_response(method)
                assert response.status == 404
                assert response.header("Content-Length") == str(size)
                assert response.header("Content-Type") == "text/html; charset=utf-8"
                for name in ("ETag", "Last-Modified", "Cache-Control", "Accept-Ranges", "Content-Range"):
                    assert response.header(name) is None, name
                assert (response.body == body) == (method == "GET")
        connection.send_request("GET", "/files/hello.txt")
        assert connection.read_response().body == b"hello\n"
    (root / "404.html").unlink()
    wait_until(lambda: get(stack, "gone").body == b"404 Not Found\n", "the built-in text")


def test_the_path_of_a_route_without_its_slash_is_redirected(stack: Stack, root: pathlib.Path) -> None:
    stack.start_frontend(
        {"pools": None, "routes": [{"path": "/files", "static": {"root": str(root), "listing": True}}]}
    )
    for method in ("GET", "HEAD"):
        response = request(stack.frontend.http, method, "/files?q=1")
        assert (response.status, response.header("Location")) == (301, "/files/?q=1")
    assert request(stack.frontend.http, "POST", "/files").status == 405
    assert b"hello.txt" in request(stack.frontend.http, "GET", "/files/").body
    assert request(stack.frontend.http, "GET", "/files/sub").header("Location") == "/files/sub/"


class Links(html.parser.HTMLParser):
    """What a browser makes of a listing."""

    def __init__(self, page: bytes):
        super().__init__()
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(page.decode("utf-8"))  # strictly

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "a":
            self.links.append(dict(attrs)["href"] or "")


ODD_NAMES = [
    b"plain.txt",
    b"with space & more.txt",
    b"<script>alert(1).html",
    b'"quoted" onmouseover="x".txt',
    b"javascript:alert(1)",
    b"100%25.txt",
    b"question?mark#hash.txt",
    "größe-✓.txt".encode(),
    b"\xff\xfe-not-utf8",
    b"'apostrophe'",
    b"..almost",
    b"a" * 255,
]


def test_every_link_of_a_listing_leads_to_its_file(stack: Stack, root: pathlib.Path) -> None:
    odd = root / "odd"
    odd.mkdir()
    names = [name for name in ODD_NAMES if not name.startswith(b".")]
    for index, name in enumerate(ODD_NAMES):
        pathlib.Path(os.fsdecode(os.fsencode(odd) + b"/" + name)).write_bytes(b"%d" % index)
    for name in (b"new\nline", b"escape\x1b[1m", b"back\\slash"):
        pathlib.Path(os.fsdecode(os.fsencode(odd) + b"/" + name)).write_bytes(b"not to be requested")
    start(stack, root, listing=True)
    response = get(stack, "odd/")
    assert response.status == 200
    assert response.header("Content-Type") == "text/html; charset=utf-8"
    assert response.header("Content-Security-Policy").startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert response.header("Cache-Control") == "no-cache"
    assert response.header("ETag") is None
    assert b"\x1b" not in response.body
    page = Links(response.body)
    assert not page.tags & {"script", "img", "iframe"}, page.tags
    assert page.attributes <= {"lang", "charset", "name", "content", "href", "class"}, page.attributes
    links = [link for link in page.links if link.startswith("./")]
    assert {urllib.parse.unquote_to_bytes(link[2:]) for link in links} == set(names)
    for link in links:
        name = urllib.parse.unquote_to_bytes(link[2:])
        target = urllib.parse.urljoin("/files/odd/", link)
        assert target.startswith("/files/odd/")
        file = request(stack.frontend.http, "GET", target)
        assert (file.status, file.body) == (200, b"%d" % ODD_NAMES.index(name)), name[:40]


def test_a_listing_shows_what_would_be_served(stack: Stack, root: pathlib.Path) -> None:
    (root / "big").write_bytes(b"x" * 5000)
    os.mkfifo(root / "pipe")
    start(stack, root, listing=True)
    response = get(stack, "")
    page = Links(response.body)
    assert page.links == ["./.well-known/", "./sub/", "./404.html", "./app.html", "./big", "./hello.txt"]
    assert b"4.9 KiB" in response.body
    assert re.search(rb"<td>20\d\d-\d\d-\d\d \d\d:\d\d</td>", response.body)
    assert get(stack, "sub").status == 301
    assert Links(get(stack, "sub/").body).links == ["../", "../", "./a.wat"]
    assert get(stack, "", "HEAD").header("Content-Length") == str(len(response.body))
    (root / "index.html").write_bytes(b"index")
    wait_until(lambda: get(stack, "").body == b"index", "the index to be seen")


def test_a_large_listing_is_cut_and_says_so(stack: Stack, root: pathlib.Path) -> None:
    many = root / "many"
    many.mkdir()
    for number in range(5000):
        (many / f"{number}").touch()
    start(stack, root, listing=True)
    response = get(stack, "many/")
    assert b"Only 4096 entries are shown; there are more." in response.body
    assert len(response.body) < 1_100_000
    assert stack.metrics().sum("anteroom_static_listings_cut_total") >= 1


def test_well_known_is_always_served(stack: Stack, root: pathlib.Path) -> None:
    start(stack, root)
    assert get(stack, ".well-known/security.txt").body == b"well known"
    assert get(stack, ".hidden").status == 404
    assert get(stack, "sub/.well-known/x").status == 404
