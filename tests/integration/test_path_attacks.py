"""Nothing but what is public beneath the root is ever served, however it is asked for: path_attacks.txt over the wire, and
links that are exchanged while files are opened."""

import os
import pathlib
import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from anteroom_harness.http_client import Response
from anteroom_harness.stack import Stack
from conftest import SOAK

SECRET = b"SECRET: nobody outside may read this"
PUBLIC = {"page": b"page", "inner": b"inner", "index": b"<h1>index</h1>", "space": b"space"}
HERE = pathlib.Path(__file__).parent
CHEAP = 0.5  # seconds of CPU for the whole table
NAMES = 1500  # so many that the cache does not answer for all of them


@dataclass(frozen=True)
class Attack:
    status: int
    body: str
    target: bytes


def unescaped(target: str) -> bytes:
    raw = re.sub(rb"\\x([0-9a-f]{2})", lambda match: bytes([int(match[1], 16)]), target.encode())
    return re.sub(rb"<([^*]*)\*(\d+)>", lambda match: match[1] * int(match[2]), raw)


def load() -> list[Attack]:
    lines = (HERE / "path_attacks.txt").read_text().splitlines()
    rows = [line.split(maxsplit=2) for line in lines if line.strip() and not line.startswith("#")]
    return [Attack(int(status), body, unescaped(target)) for status, body, target in rows]


ATTACKS = load()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """There is no route but the one."""
    directory = tmp_path_factory.mktemp("site")
    outside, root = directory / "outside", directory / "root"
    for path in (outside, root / "sub", root / ".git"):
        path.mkdir(parents=True)
    for name in ("outside/secret.txt", "outside/index.html", "root/.htpasswd", "root/.git/config", "root/sub/.env"):
        (directory / name).write_bytes(SECRET)
    (root / "page.txt").write_bytes(PUBLIC["page"])
    (root / "with space.txt").write_bytes(PUBLIC["space"])
    (root / "sub/inner.txt").write_bytes(PUBLIC["inner"])
    (root / "sub/index.html").write_bytes(PUBLIC["index"])
    links = {
        "link-to-secret": str(outside / "secret.txt"), "link-to-outside": "../outside", "link-to-page": "page.txt",
        "link-loop": "link-loop", "link-to-proc": "/proc", "link-dangling": "/nowhere/at/all", "sub/link-up": "..",
        "link-to-root": "/",
    }  # fmt: skip
    for name, target in links.items():
        (root / name).symlink_to(target)
    os.mkfifo(root / "fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(root / "socket"))
    stack = Stack(directory / "stack")
    (directory / "stack").mkdir()
    try:
        stack.start_backend()
        stack.start_frontend({"routes": [{"path": "/static/", "static": {"root": str(root)}}]})
        yield stack
    finally:
        stack.close()


def ask(stack: Stack, target: bytes) -> Response:
    with stack.connect() as connection:
        connection.send(b"GET " + target + b" HTTP/1.1\r\nHost: test\r\n\r\n")
        return connection.read_response()


def test_the_table_is_long_enough() -> None:
    assert len({attack.target for attack in ATTACKS}) == len(ATTACKS) >= 80


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: repr(attack.target[:60])[2:-1])
def test_each_is_answered_as_the_table_says(site: Stack, attack: Attack) -> None:
    response = ask(site, attack.target)
    assert SECRET not in response.body
    assert response.status == attack.status
    if attack.body.startswith("->"):
        assert response.header("Location") == attack.body[2:]
    elif attack.body == "-":
        assert response.header("Content-Type").startswith("text/plain")
        assert response.body == f"{response.status} {response.reason}\n".encode()
    else:
        assert response.body == PUBLIC[attack.body]


@pytest.mark.no_asan
@pytest.mark.no_tsan
def test_all_of_them_are_cheap(site: Stack) -> None:
    before = site.frontend.cpu_seconds()
    for attack in ATTACKS:
        ask(site, attack.target)
    assert site.frontend.cpu_seconds() - before <= CHEAP


@pytest.mark.slow
def test_links_that_are_exchanged_let_nothing_out(tmp_path: pathlib.Path) -> None:
    """While a directory on the way becomes a link out of the root and back, thousands of times, whatever comes is public."""
    seconds = 60.0 if SOAK else 3.0
    root = tmp_path / "root"
    outside = tmp_path / "outside"
    for directory in (root / "real", outside):
        directory.mkdir(parents=True)
    for number in range(NAMES):
        (root / f"real/{number}.txt").write_bytes(PUBLIC["page"])
        (outside / f"{number}.txt").write_bytes(SECRET)
    stack = Stack(tmp_path)
    stop, swaps = threading.Event(), 0

    def swap() -> None:
        """The public directory and a link to the outside change places under one name."""
        nonlocal swaps
        public, link, name = root / "public", root / "link", root / "dir"
        (root / "real").rename(public)
        link.symlink_to("../outside")
        while not stop.is_set():
            for what in (public, link):
                what.rename(name)
                name.rename(what)
                swaps += 1

    try:
        stack.start_backend()
        stack.start_frontend({"routes": [{"path": "/static/", "static": {"root": str(root)}}]})
        swapper = threading.Thread(target=swap)
        swapper.start()
        try:
            seen = {200: 0, 404: 0}
            end = time.monotonic() + seconds
            number = 0
            while time.monotonic() < end:
                with stack.connect() as connection:
                    for _ in range(500):
                        number += 1
                        connection.send_request("GET", f"/static/dir/{number % NAMES}.txt")
                        response = connection.read_response()
                        assert SECRET not in response.body
                        seen[response.status] += 1
        finally:
            stop.set()
            swapper.join()
    finally:
        stack.close()
    assert swaps > 100 and min(seen.values()) > 0, (swaps, seen)
