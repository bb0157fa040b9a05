"""Static files come in the coding that the client prefers, and decode to the file, whatever coding that is."""

import gzip
import os
import pathlib
import subprocess

import pytest
from anteroom_harness.deadlines import scaled, wait_until
from anteroom_harness.http_client import Response, request
from anteroom_harness.stack import Stack

BROWSER = "gzip, deflate, br, zstd"
TEXT = b"".join(b"line %d of a text that repeats itself\n" % i for i in range(600))
NOISE = os.urandom(5000)
LARGE = os.urandom(300_000)
CONTENT = {"text.css": TEXT, "noise.css": NOISE, "small.css": b"a" * 100, "both.js": TEXT, "large.svg": LARGE}


def put(path: pathlib.Path, content: bytes, age: int = 100) -> None:
    """In one step, as a deployment should do it, and last modified `age` seconds ago."""
    fresh = path.with_name(path.name + "~new")
    fresh.write_bytes(content)
    moment = os.stat(fresh).st_mtime_ns // 1_000_000_000 - age
    os.utime(fresh, (moment, moment))
    fresh.rename(path)


@pytest.fixture
def root(tmp_path: pathlib.Path) -> pathlib.Path:
    root = tmp_path / "www"
    root.mkdir()
    for name, content in CONTENT.items():
        put(root / name, content)
    put(root / "both.js.gz", gzip.compress(TEXT, mtime=0))
    put(root / "both.js.zst", subprocess.run(["zstd", "-q", "-c"], input=TEXT, capture_output=True, check=True).stdout)
    put(root / "large.svg.gz", gzip.compress(LARGE, mtime=0))
    return root


@pytest.fixture
def site(stack: Stack, root: pathlib.Path) -> Stack:
    static = {
        "root": str(root),
        "precompressed": ["br", "zstd", "gzip"],
        "compress": {"codings": ["br", "gzip"]},
    }
    plain = {"root": str(root)}
    stack.start_backend()
    stack.start_frontend(
        {"routes": [{"path": "/s", "static": static}, {"path": "/plain", "static": plain}, {"path": "/", "pool": "main"}]}
    )
    return stack


def fetch(site: Stack, path: str, accept: str | list[str] | None = None, method: str = "GET", **fields: str) -> Response:
    values = [accept] if isinstance(accept, str) else accept or []
    headers = [("Accept-Encoding", value) for value in values]
    headers += [(name.replace("_", "-"), value) for name, value in fields.items()]
    return request(site.frontend.http, method, path, headers)


def coding(site: Stack, path: str, accept: str | list[str] | None) -> str | None:
    response = fetch(site, path, accept)
    assert response.status == 200
    return response.header("Content-Encoding")


def curl(site: Stack, path: str, *options: str) -> bytes:
    host, port = site.frontend.http
    command = ["curl", "-sS", "--fail", "--max-time", str(int(scaled(20))), *options, f"http://{host}:{port}{path}"]
    return subprocess.run(command, capture_output=True, check=True).stdout


@pytest.mark.parametrize("accept", [None, "br", "zstd", "gzip", "br;q=0.1, identity;q=0.5", "nonsense"])
@pytest.mark.parametrize("path", CONTENT)
def test_curl_decodes_the_file_from_whatever_comes(site: Stack, path: str, accept: str | None) -> None:
    content = CONTENT[path]
    options = [] if accept is None else ["-H", f"Accept-Encoding: {accept}"]
    for _ in range(2):  # loaded, then from a cache
        assert curl(site, f"/s/{path}", "--compressed", *options) == content, "other bytes than the file's"
    assert curl(site, f"/s/{path}") == content, "without --compressed it comes as it is"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, None),
        ("", None),
        (BROWSER, "br"),
        ("gzip, deflate", "gzip"),
        ("x-gzip", "gzip"),
        ("br;q=0.5, gzip;q=0.9", "gzip"),
        ("gzip;q=0", None),
        ("*;q=0", None),
        ("*", "br"),
        ("br;q=0, *;q=0.1", "gzip"),
        ("identity, br;q=0.9", None),
        ("identity;q=0, gzip", "gzip"),
        ("identity;q=0", None),
        ("zstd", None),
        ("br;q=1.5, gzip;q=0.1", "gzip"),
        ("br;q=0.1234, gzip ; Q=0.001", "gzip"),
        (["gzip;q=0.4", "br;q=0.3"], "gzip"),
        (["gzip", "br"], "br"),
    ],
)
def test_weights_decide_what_is_compressed(site: Stack, accept: str | list[str] | None, expected: str | None) -> None:
    assert coding(site, "/s/text.css", accept) == expected


@pytest.mark.parametrize(
    ("accept", "expected"), [("zstd, gzip", "zstd"), ("zstd;q=0.5, gzip", "gzip"), ("gzip", "gzip"), (None, None)]
)
def test_a_file_beside_it_is_sent(site: Stack, root: pathlib.Path, accept: str | None, expected: str | None) -> None:
    response = fetch(site, "/s/both.js", accept)
    assert response.header("Content-Encoding") == expected
    suffix = {"zstd": ".zst", "gzip": ".gz", None: ""}[expected]
    assert response.body == (root / f"both.js{suffix}").read_bytes(), "other bytes than that file's"
    assert response.header("Content-Type").startswith("text/javascript")
    assert response.header("Vary") == "Accept-Encoding"


def test_every_answer_of_a_file_that_may_be_coded_varies(site: Stack) -> None:
    tags = {}
    for accept in (None, "gzip", "br"):
        response = fetch(site, "/s/text.css", accept)
        assert response.header("Vary") == "Accept-Encoding"
        tags[accept] = response.header("ETag")
        unchanged = fetch(site, "/s/text.css", accept, If_None_Match=tags[accept])
        assert unchanged.status == 304
        assert unchanged.header("Vary") == "Accept-Encoding"
        assert unchanged.header("ETag") == tags[accept]
        assert unchanged.header("Content-Encoding") is None
    assert len(set(tags.values())) == 3
    assert fetch(site, "/s/text.css", "gzip", If_None_Match=tags["br"]).status == 200


def test_head_says_what_get_says(site: Stack) -> None:
    for path in ("/s/text.css", "/s/both.js", "/s/large.svg"):
        for accept in (None, "gzip", "br", "zstd"):
            get = fetch(site, path, accept)
            head = fetch(site, path, accept, "HEAD")
            for name in ("Content-Length", "Content-Encoding", "Content-Type", "ETag", "Vary", "Last-Modified"):
                assert head.header(name) == get.header(name), (path, accept, name)


def test_nothing_changes_where_nothing_is_asked_for(site: Stack) -> None:
    response = fetch(site, "/plain/both.js", BROWSER)
    assert response.body == TEXT, "other bytes than the file's"
    assert response.header("Content-Encoding") is None
    assert response.header("Vary") is None


def test_a_stale_file_beside_it_is_not_sent(site: Stack, root: pathlib.Path) -> None:
    assert coding(site, "/s/both.js", "zstd") == "zstd"
    put(root / "both.js", b"new " + TEXT, age=50)
    wait_until(
        # Each loop may believe for a moment what it has seen.
        lambda: all(fetch(site, "/s/both.js", "zstd").body == b"new " + TEXT for _ in range(8)),
        "the old one not to be sent any more",
    )
    beside = gzip.compress(b"new " + TEXT, 1, mtime=0)
    put(root / "both.js.gz", beside, age=50)
    wait_until(lambda: fetch(site, "/s/both.js", "gzip").body == beside, "the new one to be sent")


def test_a_file_that_is_replaced_is_compressed_again(site: Stack, root: pathlib.Path) -> None:
    before = fetch(site, "/s/text.css", "gzip")
    assert gzip.decompress(before.body) == TEXT, "other bytes than the file's"
    put(root / "text.css", TEXT + TEXT, age=50)
    wait_until(lambda: fetch(site, "/s/text.css", "gzip").header("ETag") != before.header("ETag"), "another tag")

    def decoded() -> bytes:
        response = fetch(site, "/s/text.css", "gzip")
        assert response.header("Content-Encoding") == "gzip"
        return gzip.decompress(response.body)

    # Each loop may believe for a moment what it has seen.
    wait_until(lambda: all(decoded() == TEXT + TEXT for _ in range(8)), "the new file from every loop")


def test_only_regular_files_beneath_the_root_stand_beside(site: Stack, root: pathlib.Path) -> None:
    secret = root.parent / "secret.gz"
    secret.write_bytes(gzip.compress(b"not for the public"))
    for name in ("link", "pipe", "folder"):
        put(root / f"{name}.png", TEXT)
    (root / "link.png.gz").symlink_to(secret)
    os.mkfifo(root / "pipe.png.gz")
    (root / "folder.png.gz").mkdir()
    for name in ("link", "pipe", "folder"):
        response = fetch(site, f"/s/{name}.png", "gzip")
        assert (response.status, response.header("Content-Encoding")) == (200, None)
        assert response.body == TEXT, "other bytes than the file's"
    assert fetch(site, "/s/secret.gz", "gzip").status == 404


def test_compressions_are_counted_and_stay_in_the_cache(site: Stack) -> None:
    for _ in range(20):
        assert coding(site, "/s/text.css", "gzip") == "gzip"
        assert coding(site, "/s/noise.css", "gzip") is None
    samples = site.metrics()
    loops = samples.sum("anteroom_frontend_loops")
    done = samples.sum("anteroom_static_compressions_total", result="done")
    assert 1 <= done <= 3 * loops, "once a loop, and again while the file is so new that it may still change"
    assert samples.sum("anteroom_static_compressions_total", result="useless") >= 1
    assert samples.sum("anteroom_static_compressions_total", result="refused") == 0
    assert samples.sum("anteroom_static_compression_in_bytes_total") == done * len(TEXT)
    assert 0 < samples.sum("anteroom_static_compression_out_bytes_total") < done * len(TEXT) / 5


def test_the_cache_keeps_within_its_bytes_whatever_clients_prefer(site: Stack, root: pathlib.Path) -> None:
    orders = ["gzip", "br", "gzip, br;q=0.5", "gzip;q=0.5, br", "zstd, gzip", "zstd, br, gzip", "identity"]
    files = 140
    for i in range(files):
        put(root / f"{i}.png", NOISE * 12)
    with site.connect() as connection:  # so that one loop gets all of them
        for i in range(files):
            for order in orders:
                connection.send_request("HEAD", f"/s/{i}.png", {"Accept-Encoding": order})
                assert connection.read_response("HEAD").header("Content-Length") == "60000"
    samples = site.metrics()
    assert samples.sum("anteroom_static_cached_bytes") <= samples.sum("anteroom_frontend_loops") * 32 * 1024 * 1024
    assert samples.sum("anteroom_static_evictions_total") > 0
