"""Conditional requests and ranges of files: the table of static_cases.txt over the wire, and what users' tools make of it."""

import itertools
import os
import pathlib
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import formatdate

import pytest
from anteroom_harness.deadlines import scaled, wait_until
from anteroom_harness.http_client import ConnectionEnded, Response, request
from anteroom_harness.stack import Stack

KIB = 1024
MODIFIED = 1_700_000_000
SIZES = {"memory.txt": 40_001, "disk.txt": 300_001}  # files of up to 64 KiB are served from memory
TABLE = pathlib.Path(__file__).with_name("static_cases.txt")


def pattern(size: int) -> bytes:
    """Bytes that tell their own place, so that a shift or a repetition shows."""
    lines = (f"{n:09}\n" for n in itertools.count())
    return "".join(itertools.islice(lines, size // 10 + 1)).encode()[:size]


@dataclass
class Case:
    name: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    method: str = "GET"
    status: int = 0
    body: str = ""


def read_cases() -> list[Case]:
    cases: list[Case] = []
    for line in TABLE.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            cases.append(Case(line.strip("[]")))
        elif "=> " in line:
            method, _, verdict = line.partition("=> ")
            status, cases[-1].body = verdict.split()
            cases[-1].method, cases[-1].status = method.strip() or "GET", int(status)
        else:
            name, _, value = line.partition(":")
            cases[-1].fields.append((name, value.strip()))
    return cases


CASES = read_cases()


class Site:
    """A front end that serves `root` at /static/. One loop: each has its own idea of whether a file has settled."""

    def __init__(self, stack: Stack, root: pathlib.Path):
        self.stack, self.root = stack, root
        root.mkdir()
        stack.start_backend()
        stack.start_frontend(
            {
                "loops": 1,
                "routes": [{"path": "/static/", "static": {"root": str(root)}}, {"path": "/", "pool": "main"}],
            }
        )

    def add(self, name: str, content: bytes) -> str:
        path = self.root / name
        path.write_bytes(content)
        os.utime(path, (MODIFIED, MODIFIED))
        return f"/static/{name}"

    def url(self, target: str) -> str:
        return "http://{}:{}{}".format(*self.stack.frontend.http, target)

    def get(self, target: str, **fields: str) -> Response:
        named = {name.replace("_", "-"): value for name, value in fields.items()}
        return request(self.stack.frontend.http, "GET", target, named)

    def wait_settled(self, target: str) -> None:
        """Until the date is a strong validator: the file has not been touched for some seconds."""
        date = self.get(target).header("Last-Modified")
        wait_until(
            lambda: self.get(target, Range="bytes=0-0", If_Range=date).status == 206, "the file to settle", 10, pause=0.1
        )


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("ranges")
    stack = Stack(directory)
    try:
        site = Site(stack, directory / "www")
        for target in [site.add(name, pattern(size)) for name, size in SIZES.items()]:
            site.wait_settled(target)
        site.add("empty.txt", b"")
        yield site
    finally:
        stack.close()


@pytest.fixture
def site(stack: Stack, tmp_path: pathlib.Path) -> Site:
    return Site(stack, tmp_path / "www")


def pieces_of(text: str) -> list[tuple[int, int]]:
    """'0-4,10-14' as slices."""
    ends = [piece.split("-") for piece in text.split(",")]
    return [(int(first), int(last) + 1) for first, last in ends]


def faults(response: Response, expected: str, content: bytes) -> Iterator[str]:
    """What is wrong with the body and the fields that describe it."""
    of_file = {name: response.header(name) for name in ("ETag", "Last-Modified", "Accept-Ranges")}
    if response.status in (200, 206) and expected != "error" and None in of_file.values():
        yield f"fields of the file are missing: {of_file}"
    content_range = response.header("Content-Range")
    if expected in ("whole", "none", "error"):
        unsatisfied = f"bytes */{len(content)}" if response.status == 416 else None
        if content_range != unsatisfied:
            yield f"Content-Range is {content_range}"
        if response.status == 304 and response.header("ETag") is None:
            yield "a 304 without ETag"
        right = {"whole": content, "none": b"", "error": f"{response.status} {response.reason}\n".encode()}[expected]
    elif "," not in expected:
        [(begin, end)] = pieces_of(expected)
        right = content[begin:end]
        if content_range != f"bytes {begin}-{end - 1}/{len(content)}":
            yield f"Content-Range is {content_range}"
        if response.header("Content-Type") != "text/plain; charset=utf-8":
            yield f"Content-Type is {response.header('Content-Type')}"
    else:
        right = multipart(response, pieces_of(expected), content)
        if content_range is not None:
            yield "a multipart has no Content-Range of its own"
        if len(right) > len(content):
            yield "more than the file"
    if response.body != right:
        yield f"{len(response.body)} bytes that are not the {len(right)} expected"


def multipart(response: Response, pieces: list[tuple[int, int]], content: bytes) -> bytes:
    """What the body has to be, given the boundary that the response names."""
    kind = re.fullmatch(r"multipart/byteranges; boundary=([0-9a-f]{32})", response.header("Content-Type"))
    assert kind, response.header("Content-Type")
    boundary = kind.group(1)
    parts = b"".join(
        f"--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\n".encode()
        + f"Content-Range: bytes {begin}-{end - 1}/{len(content)}\r\n\r\n".encode()
        + content[begin:end]
        + b"\r\n"
        for begin, end in pieces
    )
    return parts + f"--{boundary}--\r\n".encode()


def test_the_table_is_read() -> None:
    assert len(CASES) >= 90
    assert len({case.name for case in CASES}) == len(CASES)
    assert all(case.status and case.body for case in CASES)


@pytest.mark.parametrize("name", SIZES)
def test_every_case_of_the_table(files: Site, name: str) -> None:
    size = SIZES[name]
    content = pattern(size)
    values = {
        "{ETAG}": files.get(f"/static/{name}").header("ETag"),
        "{DATE}": formatdate(MODIFIED, usegmt=True),
        "{BEFORE}": formatdate(MODIFIED - 1, usegmt=True),
        "{AFTER}": formatdate(MODIFIED + 1, usegmt=True),
        "{SIZE}": str(size),
        "{LAST}": str(size - 1),
        "{HALF}": str(size // 2),
    }

    def filled(text: str) -> str:
        for placeholder, value in values.items():
            text = text.replace(placeholder, value)
        return text

    found = []
    # All on one connection: an answer that is longer or shorter than it says spoils the next one.
    with files.stack.connect() as connection:
        for case in CASES:
            fields = [(key, filled(value)) for key, value in case.fields]
            connection.send_request(case.method, f"/static/{name}", fields)
            response = connection.read_response(case.method)
            if response.status != case.status:
                found.append(f"{case.name}: {response.status} instead of {case.status}")
                continue
            found += [f"{case.name}: {fault}" for fault in faults(response, filled(case.body), content)]
    assert not found, "\n" + "\n".join(found)


def test_an_empty_file_has_no_ranges(files: Site) -> None:
    for value, status in {"bytes=0-": 416, "bytes=0-0": 416, "bytes=-0": 416, "bytes=-1": 200, "bytes=5-4": 200}.items():
        response = files.get("/static/empty.txt", Range=value)
        assert response.status == status, value
        assert response.header("Content-Range") == ("bytes */0" if status == 416 else None), value
        assert response.status == 416 or response.body == b""


def test_a_small_file_is_not_cut_into_parts(site: Site) -> None:
    target = site.add("small.txt", b"0123456789")
    response = site.get(target, Range="bytes=0-1,4-5")
    assert (response.status, response.body) == (200, b"0123456789")
    assert site.get(target, Range="bytes=0-1,2-5").body == b"012345"


def test_each_multipart_has_its_own_boundary(files: Site) -> None:
    kinds = {files.get("/static/memory.txt", Range="bytes=0-1,4-5").header("Content-Type") for _ in range(20)}
    assert len(kinds) == 20


def test_a_date_is_weak_while_its_second_may_go_on(site: Site) -> None:
    for name in ("new.txt", "new.bin"):
        target = site.add(name, pattern(100_000))
        date = site.get(target).header("Last-Modified")
        etag = site.get(target).header("ETag")
        assert site.get(target, Range="bytes=0-4", If_Range=etag).status == 206
        # Seen for the first time in the very seconds in which it was written.
        assert site.get(target, Range="bytes=0-4", If_Range=date).status == 200
        site.wait_settled(target)


def test_refusals_are_accounted_as_the_files_they_are_of(files: Site) -> None:
    refused = [files.get("/static/disk.txt", Range="bytes=9999999-"), files.get("/static/disk.txt", If_Match='"x"')]
    assert [response.status for response in refused] == [416, 412]
    for status in (416, 412):
        line = files.stack.frontend.wait_access_log(lambda line, status=status: line["status"] == status)
        assert line["outcome"] == "static"
    whole = files.get("/static/disk.txt", Range="bytes=0-9")
    assert len(whole.body) == 10


@pytest.mark.parametrize("name", SIZES)
def test_a_slow_reader_gets_its_parts(files: Site, name: str) -> None:
    content, size = pattern(SIZES[name]), SIZES[name]
    pieces = [(size // 2, size - 5), (0, size // 2 - 1000)]
    value = "bytes=" + ",".join(f"{begin}-{end - 1}" for begin, end in pieces)
    with files.stack.connect(receive_buffer=4 * KIB, timeout=30) as connection:
        for _ in range(8):  # more than the sockets hold: it waits in the front end
            connection.send_request("GET", f"/static/{name}", {"Range": value})
        for _ in range(8):
            response = connection.read_head()
            assert response.status == 206
            length = int(response.header("Content-Length"))
            response.body = b"".join(connection.read_exactly(min(KIB, length - at)) for at in range(0, length, KIB))
            same = response.body == multipart(response, pieces, content)
            assert same, "other bytes than asked for"


@pytest.mark.parametrize("value", ["bytes=1000-", "bytes=0-9,1000-"])
def test_a_file_that_shrinks_cuts_the_connection(site: Site, value: str) -> None:
    size = 2_000_000  # more than is on its way to a client with so small a window
    target = site.add("shrinks.bin", pattern(size))
    with site.stack.connect(receive_buffer=4 * KIB, timeout=30) as connection:
        connection.send_request("GET", target, {"Range": value})
        head = connection.read_head()
        assert head.status == 206
        os.truncate(site.root / "shrinks.bin", size // 4)
        with pytest.raises(ConnectionEnded):
            connection.read_exactly(int(head.header("Content-Length")))


def test_many_large_ranges_cost_no_more_than_the_file(site: Site) -> None:
    size = 2_000_000
    target = site.add("large.bin", pattern(size))
    hostile = "bytes=" + ",".join(f"{i}-" for i in range(16))
    response = site.get(target, Range=hostile)
    assert (response.status, len(response.body)) == (206, size)
    response = site.get(target, Range="bytes=0-," + ",".join("5-" for _ in range(1000)))
    assert (response.status, len(response.body)) == (200, size)


# --- What users do


def run(*command: str) -> subprocess.CompletedProcess:
    return subprocess.run(command, capture_output=True, timeout=scaled(30), check=False)


@pytest.mark.parametrize("name", SIZES)
def test_curl_takes_ranges_and_resumes(files: Site, tmp_path: pathlib.Path, name: str) -> None:
    content, url = pattern(SIZES[name]), files.url(f"/static/{name}")
    assert run("curl", "-sSf", "-r", "10-19", url).stdout == content[10:20]
    assert run("curl", "-sSf", "-r", "-5", url).stdout == content[-5:]
    target = tmp_path / name
    target.write_bytes(content[:12_345])
    assert run("curl", "-sSf", "-C", "-", "-o", str(target), url).returncode == 0
    same = target.read_bytes() == content
    assert same, "resumed to something else"


def test_curl_asks_only_for_what_has_changed(files: Site, tmp_path: pathlib.Path) -> None:
    url = files.url("/static/memory.txt")
    etag, output = tmp_path / "etag", tmp_path / "output"
    assert run("curl", "-sSf", "--etag-save", str(etag), "-o", str(output), url).returncode == 0
    status = ("-sS", "-o", str(tmp_path / "again"), "-w", "%{http_code}")
    assert run("curl", *status, "--etag-compare", str(etag), url).stdout == b"304"
    assert run("curl", *status, "-z", formatdate(MODIFIED, usegmt=True), url).stdout == b"304"
    assert run("curl", *status, "-z", formatdate(MODIFIED - 1, usegmt=True), url).stdout == b"200"
    # "-z -DATE" is If-Unmodified-Since.
    assert run("curl", *status, "-z", "-" + formatdate(MODIFIED - 1, usegmt=True), url).stdout == b"412"


def test_wget_resumes_and_knows_when_it_has_all(files: Site, tmp_path: pathlib.Path) -> None:
    content, url = pattern(SIZES["disk.txt"]), files.url("/static/disk.txt")
    target = tmp_path / "disk.txt"
    target.write_bytes(content[:100_000])
    command = ("wget", "-c", "-O", str(target), url)
    assert run(*command).returncode == 0
    same = target.read_bytes() == content
    assert same, "resumed to something else"
    again = run(*command)
    assert again.returncode == 0
    assert b"fully retrieved" in again.stderr
