"""What the suite static asks for, and what each server has to answer before it is measured.

A server that knows nothing of ranges or of `.gz` siblings may answer with the whole file: then it has no row for that
case. Everything else that isn't the expected answer is a failure.
"""

import gzip
import os
from collections.abc import Callable
from dataclasses import dataclass

import client
from suites import static_files

NAMES = ("1k", "16k", "100k", "10m", "zipf", "304", "range", "gzip")
MIB = 2**20
MOST_HEAD = 1024            # bytes of a head, at most
SET_FILES = 10_000
SET_REQUESTS = 2**18        # length of the sequence, about what one round asks for
CHECKED_FILES = 500         # of a set
RANGE = (40_000, 16 * 2**10)  # offset and size, in the file of 100 KiB


class NotSupported(Exception):
    """The server answers correctly, but without what the case is about."""


@dataclass(frozen=True)
class Ready:
    """A server answered a case as it should: what wrk sends, and how large a body may be."""

    request: client.Request
    least: int
    most: int
    fields: list  # of its answer


@dataclass(frozen=True)
class Case:
    """`check` asks the server on a port once or more and returns Ready, or raises NotSupported or ClientError."""

    name: str
    title: str
    path: str
    check: Callable[[int], Ready]
    every_count: bool = False   # at every number of connections; else at the main one
    has_floor: bool = False     # the minimal responder, which knows one answer, has a row
    seconds: int = 1            # times the length of a round


def ask(port, path, fields=()):
    return client.fetch(port, path, fields=fields)


def fail(path, answer, wanted):
    raise client.ClientError(f"{path} answers {answer.status} with {len(answer.body)} bytes, wanted {wanted}")


def expect(answer, path, status, body):
    """Raises unless that is the status and every byte of the body. Content-Length has to agree where there is a body."""
    if (answer.status, answer.body) != (status, body) or status != 304 and answer.field("content-length") != str(len(body)):
        fail(path, answer, f"{status} with {len(body)} given bytes")
    return answer


def check_whole(path, body):
    def check(port):
        answer = expect(ask(port, path), path, 200, body)
        return Ready(client.GET, len(body), len(body), answer.fields)

    return check


def check_not_modified(path, body):
    """Both validators, as a browser sends them."""

    def check(port):
        first = expect(ask(port, path), path, 200, body)
        names = (("If-None-Match", "etag"), ("If-Modified-Since", "last-modified"))
        fields = tuple((name, first.field(source)) for name, source in names if first.field(source))
        answer = ask(port, path, fields)
        if (answer.status, answer.body) == (200, body):
            raise NotSupported("answers 200 with the whole file")
        expect(answer, path, 304, b"")
        return Ready(client.Request(fields=fields), 0, 0, answer.fields)

    return check


def check_range(path, body):
    first, size = RANGE
    last = first + size - 1
    fields = (("Range", f"bytes={first}-{last}"),)

    def check(port):
        answer = ask(port, path, fields)
        if (answer.status, answer.body) == (200, body):
            raise NotSupported("answers 200 with the whole file")
        expect(answer, path, 206, body[first:last + 1])
        if answer.field("content-range") != f"bytes {first}-{last}/{len(body)}":
            fail(path, answer, "another Content-Range")
        return Ready(client.Request(fields=fields), size, size, answer.fields)

    return check


def check_gzip(path, body):
    fields = (("Accept-Encoding", "gzip"),)

    def check(port):
        expect(ask(port, path), path, 200, body)
        answer = ask(port, path, fields)
        if answer.field("content-encoding") == "" and (answer.status, answer.body) == (200, body):
            raise NotSupported("answers without Content-Encoding")
        if answer.field("content-encoding") != "gzip":
            fail(path, answer, "Content-Encoding: gzip")
        try:
            unpacked = gzip.decompress(answer.body)
        except (OSError, EOFError):
            unpacked = None
        if unpacked != body:
            fail(path, answer, "the page in gzip")
        expect(answer, path, 200, answer.body)
        return Ready(client.Request(fields=fields), len(answer.body), len(answer.body), answer.fields)

    return check


def check_set(file_set):
    """Some files of all sizes and ranks, each against its content."""
    names = list(file_set.files)
    step = max(1, len(names) // CHECKED_FILES)

    def check(port):
        for number in range(0, len(names), step):
            path = f"/static/{names[number]}"
            body = static_files.content(file_set.files[names[number]], number)
            answer = expect(ask(port, path), path, 200, body)
        return Ready(client.Request(paths=file_set.sequence), *static_files.SET_SIZES, answer.fields)

    return check


def check_load(name, title, row, ready):
    """Why the bytes that came under load can't have been the answers that were checked; None when they can."""
    for one in row.rounds:
        least = one["requests"] * ready.least
        most = (one["requests"] + row.connections) * (ready.most + MOST_HEAD)  # some are under way at the end
        if not least <= one["bytes"] <= most:
            return f"{name}, {title}: {one['requests']} answers of {one['bytes']} bytes under load are not those of before"
    return None


def _file(setup, name):
    """Path below /static/ and content of a file of one of the sizes; writes it unless it is there."""
    path = os.path.join(os.path.dirname(setup.document), f"{name}.bin")
    if not os.path.exists(path):
        static_files.write(path, static_files.content(static_files.SIZES[name], name))
    with open(path, "rb") as file:
        return f"/static/{name}.bin", file.read()


def _sized(setup, name, **how):
    path, body = _file(setup, name)
    title = f"{len(body) // MIB} MiB" if len(body) >= MIB else f"{len(body) // 2**10} KiB"
    return Case(name, title, path, check_whole(path, body), every_count=True, **how)


def _zipf(setup, quick):
    count, requests = (500, 2**14) if quick else (SET_FILES, SET_REQUESTS)
    file_set = static_files.make_set(os.path.dirname(setup.document), setup.scratch, count, requests)
    return Case("zipf", f"{count:,} files", f"/static/{next(iter(file_set.files))}", check_set(file_set))


def _not_modified(setup):
    path, body = _file(setup, "1k")
    return Case("304", "304 of 1 KiB", path, check_not_modified(path, body))


def _range(setup):
    path, body = _file(setup, "100k")
    return Case("range", f"range of {RANGE[1] // 2**10} KiB", path, check_range(path, body))


def _gzip(setup):
    path, body = "/static/gzip/page.html", static_files.make_page(os.path.dirname(setup.document))
    return Case("gzip", f"gzip of {len(body) // 2**10} KiB", path, check_gzip(path, body))


def make(setup, wanted, quick):
    """Writes the files of the cases named in `wanted` and returns these cases, in the order of NAMES."""
    makers = {
        "1k": lambda: _sized(setup, "1k", has_floor=True),
        "16k": lambda: _sized(setup, "16k"),
        "100k": lambda: _sized(setup, "100k"),
        "10m": lambda: _sized(setup, "10m", seconds=2),
        "zipf": lambda: _zipf(setup, quick),
        "304": lambda: _not_modified(setup),
        "range": lambda: _range(setup),
        "gzip": lambda: _gzip(setup),
    }
    made = [makers[name]() for name in NAMES if name in wanted]
    os.sync()  # so that nothing is written back while rounds run
    return made
