"""What a static route can do, all of it at once: codings, ranges, conditions, fields, stand-ins, files that handlers name."""

import gzip
import pathlib
import urllib.parse

import pytest
from anteroom_harness.frontend import Settings
from anteroom_harness.http_client import Response, request
from anteroom_harness.stack import Stack

TEXT = b"".join(b"line %d of a text that repeats itself\n" % i for i in range(600))
APP = b"<!doctype html><title>app</title>" + b"<p>all in one page</p>" * 200
LOST = b"<!doctype html><title>lost</title>" + b"<p>nothing here</p>" * 200


@pytest.fixture
def site(stack: Stack, tmp_path: pathlib.Path) -> Stack:
    root = tmp_path / "www"
    (root / "many").mkdir(parents=True)
    (root / "text.css").write_bytes(TEXT)
    (root / "app.html").write_bytes(APP)
    (root / "lost.html").write_bytes(LOST)
    for number in range(100):
        (root / f"many/file {number}.txt").write_bytes(TEXT)

    def static(**more: str) -> Settings:
        return {
            "root": str(root), "compress": {"codings": ["br", "gzip"]}, "precompressed": ["gzip"],
            "cache_control": "max-age=60", "headers": {"Vary": "Origin", "X-Frame-Options": "DENY"},
            "listing": True, "error_pages": {404: "lost.html"}, **more,
        }  # fmt: skip

    return stack.start(
        settings={
            "routes": [
                {"path": "/s/", "static": static()},
                {"path": "/app/", "static": static(fallback="app.html")},
                {"path": "/named/", "static": static(), "internal": True},
                {"path": "/", "pool": "main"},
            ]
        }
    )


def fetch(site: Stack, path: str, method: str = "GET", **fields: str) -> Response:
    headers = {name.replace("_", "-"): value for name, value in fields.items()}
    return request(site.frontend.http, method, path, headers)


def named(file: str, *fields: str) -> str:
    """The target of a request whose handler names this file."""
    head = "".join(f"{line}\r\n" for line in ("HTTP/1.1 200 X", f"X-Accel-Redirect: {file}", *fields, ""))
    return "/diag/response?raw=" + urllib.parse.quote(head, safe="")


def varies_by(response: Response) -> set[str]:
    return {value.strip() for name, value in response.headers if name.lower() == "vary" for value in value.split(",")}


def test_a_coded_file_has_the_fields_of_its_route(site: Stack) -> None:
    response = fetch(site, "/s/text.css", Accept_Encoding="gzip")
    assert gzip.decompress(response.body) == TEXT
    assert varies_by(response) == {"Accept-Encoding", "Origin"}
    assert response.header("Cache-Control") == "max-age=60"
    assert response.header("X-Frame-Options") == "DENY"
    assert response.header("X-Content-Type-Options") == "nosniff"


def test_ranges_are_of_the_coded_bytes(site: Stack) -> None:
    whole = fetch(site, "/s/text.css", Accept_Encoding="gzip")
    etag = whole.header("ETag")
    assert etag is not None
    parts = []
    for first in range(0, len(whole.body), 300):
        last = min(first + 300, len(whole.body)) - 1
        part = fetch(site, "/s/text.css", Accept_Encoding="gzip", Range=f"bytes={first}-{last}", If_Range=etag)
        assert part.status == 206
        assert part.header("Content-Encoding") == "gzip"
        assert part.header("Content-Range") == f"bytes {first}-{last}/{len(whole.body)}"
        assert part.header("ETag") == etag
        parts.append(part.body)
    assert gzip.decompress(b"".join(parts)) == TEXT


def test_a_range_never_mixes_two_codings(site: Stack) -> None:
    etag = fetch(site, "/s/text.css", Accept_Encoding="gzip").header("ETag")
    assert etag is not None
    plain = fetch(site, "/s/text.css", Range="bytes=0-9", If_Range=etag)
    assert (plain.status, plain.body) == (200, TEXT)
    assert fetch(site, "/s/text.css", If_Match=etag).status == 412
    assert fetch(site, "/s/text.css", If_None_Match=etag).status == 200
    assert fetch(site, "/s/text.css", Accept_Encoding="gzip", If_None_Match=etag).status == 304


def test_several_ranges_of_a_coded_file_are_the_file(site: Stack) -> None:
    response = fetch(site, "/s/text.css", Accept_Encoding="gzip", Range="bytes=0-9,20-29")
    assert response.status == 200
    assert gzip.decompress(response.body) == TEXT


def test_a_range_behind_the_coded_bytes_is_not_satisfiable(site: Stack) -> None:
    size = len(fetch(site, "/s/text.css", Accept_Encoding="gzip").body)
    assert size < len(TEXT) - 10
    response = fetch(site, "/s/text.css", Accept_Encoding="gzip", Range=f"bytes={size}-")
    assert (response.status, response.header("Content-Range")) == (416, f"bytes */{size}")
    assert fetch(site, "/s/text.css", Range=f"bytes={size}-").status == 206


def test_the_fallback_is_coded_and_conditional_like_a_file(site: Stack) -> None:
    for _ in range(2):  # loaded, then from a cache
        page = fetch(site, "/app/some/page", Accept_Encoding="gzip")
        assert (page.status, gzip.decompress(page.body)) == (200, APP)
        etag = page.header("ETag")
        assert etag is not None
        assert fetch(site, "/app/other/page", Accept_Encoding="gzip", If_None_Match=etag).status == 304
        assert fetch(site, "/app/other/page").body == APP
        part = fetch(site, "/app/other/page", Range="bytes=0-8")
        assert (part.status, part.body) == (206, APP[:9])


def test_an_error_page_is_sent_as_it_is(site: Stack) -> None:
    for _ in range(2):  # loaded, then from a cache
        for fields in ({"Accept_Encoding": "gzip"}, {"Range": "bytes=0-5"}, {"If_None_Match": "*"}, {"If_Match": '"x"'}):
            response = fetch(site, "/s/no-such", **fields)
            assert (response.status, response.body) == (404, LOST), fields
            assert response.header("Content-Encoding") is None
            assert response.header("ETag") is None


def test_a_listing_is_whole_whatever_is_asked(site: Stack) -> None:
    whole = fetch(site, "/s/many/")
    assert whole.status == 200
    assert b"file%2099.txt" in whole.body
    for fields in ({"Accept_Encoding": "gzip"}, {"Range": "bytes=0-5"}, {"If_Modified_Since": "Sun, 06 Nov 2044 08:49:37 GMT"}):
        for _ in range(2):
            response = fetch(site, "/s/many/", **fields)
            assert (response.status, response.body) == (200, whole.body), fields
            assert response.header("Accept-Ranges") is None


def test_a_file_that_a_handler_names_is_coded(site: Stack) -> None:
    response = fetch(site, named("/named/text.css", "Vary: Cookie", "Cache-Control: private"), Accept_Encoding="gzip")
    assert response.status == 200
    assert gzip.decompress(response.body) == TEXT
    assert response.header("Content-Encoding") == "gzip"
    assert varies_by(response) == {"Accept-Encoding", "Origin", "Cookie"}
    assert response.header("Cache-Control") == "private"
    part = fetch(site, named("/named/text.css"), Accept_Encoding="gzip", Range="bytes=0-1")
    assert (part.status, part.body) == (206, b"\x1f\x8b")


def test_what_a_handler_names_and_is_not_there_has_no_page_of_the_route(site: Stack) -> None:
    response = fetch(site, named("/named/no-such"))
    assert response.status == 404
    assert LOST not in response.body


@pytest.mark.parametrize("path", ["/named", "/named/", "/named/text.css"])
def test_an_internal_route_shows_nothing_of_itself(site: Stack, path: str) -> None:
    response = fetch(site, path)
    assert response.status == 404
    assert response.header("Location") is None
    assert LOST not in response.body
