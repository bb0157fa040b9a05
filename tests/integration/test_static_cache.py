"""What is kept of files: as much as the knobs say, and for as long."""

import contextlib
import pathlib
from typing import Any

import pytest
from anteroom_harness.deadlines import wait_until
from anteroom_harness.http_client import ConnectionEnded, request
from anteroom_harness.reloads import reload
from anteroom_harness.stack import Stack

SMALL, LARGE = 30_000, 100_000  # of a file that is kept in memory by default, and of one that is not
FILES = 20


@pytest.fixture
def root(tmp_path: pathlib.Path) -> pathlib.Path:
    root = tmp_path / "www"
    root.mkdir()
    for number in range(FILES):
        (root / f"small{number}.bin").write_bytes(bytes([number]) * SMALL)
        (root / f"large{number}.bin").write_bytes(bytes([number]) * LARGE)
    return root


def start(stack: Stack, root: pathlib.Path, runner: tuple[str, ...] = (), **cache: Any) -> None:
    routes = [{"path": "/", "static": {"root": str(root)}}]
    stack.start_frontend({"loops": 1, "static_cache": cache, "pools": None, "routes": routes}, runner=runner)


def fetch_all(stack: Stack) -> None:
    for number in range(FILES):
        for kind, size in (("small", SMALL), ("large", LARGE)):
            assert request(stack.frontend.http, "GET", f"/{kind}{number}.bin").body == bytes([number]) * size
        assert request(stack.frontend.http, "GET", f"/none{number}").status == 404


def kept(stack: Stack, what: str) -> int:
    return int(stack.metrics().sum(f"anteroom_static_{what}"))


def test_no_more_is_kept_than_the_bounds_say(stack: Stack, root: pathlib.Path) -> None:
    start(stack, root, memory="256KiB", files=3, names=5)
    for _ in range(2):
        fetch_all(stack)
        assert SMALL <= kept(stack, "cached_bytes") <= kept(stack, "cached_bytes_limit") == 256 * 1024
        assert kept(stack, "cached_descriptors") == kept(stack, "cached_descriptors_limit") == 3
        assert kept(stack, "cached_entries") == 256 * 1024 // SMALL + 3 + 5
    assert kept(stack, "evictions_total") > 0


def test_nothing_kept_is_everything_served(stack: Stack, root: pathlib.Path) -> None:
    start(stack, root, memory=0, largest=0, files=0, names=0)
    for _ in range(2):
        fetch_all(stack)
    assert kept(stack, "cached_entries") == 0
    assert kept(stack, "hits_total") == 0


def test_files_up_to_the_largest_are_in_memory(stack: Stack, root: pathlib.Path) -> None:
    start(stack, root, largest=f"{LARGE}B")
    fetch_all(stack)
    assert kept(stack, "cached_bytes") >= FILES * (SMALL + LARGE)
    assert kept(stack, "cached_descriptors") == 0
    reload(stack, static_cache={"largest": f"{LARGE - 1}B"})
    fetch_all(stack)
    assert FILES * SMALL <= kept(stack, "cached_bytes") < FILES * LARGE
    assert kept(stack, "cached_descriptors") == FILES


def test_a_file_that_would_fill_the_memory_is_not_kept_there(stack: Stack, root: pathlib.Path) -> None:
    start(stack, root, memory=f"{4 * SMALL - 4}B")  # a quarter of it is one byte less than a small file
    fetch_all(stack)
    assert kept(stack, "cached_bytes") == 0
    assert kept(stack, "cached_descriptors") == 2 * FILES


def test_a_reload_changes_the_bounds(stack: Stack, root: pathlib.Path) -> None:
    start(stack, root, files=2)
    fetch_all(stack)
    assert kept(stack, "cached_descriptors") == 2
    reload(stack, static_cache={"files": 7})
    fetch_all(stack)
    assert kept(stack, "cached_descriptors") == kept(stack, "cached_descriptors_limit") == 7


def test_an_answer_is_as_fresh_as_was_asked_for(stack: Stack, root: pathlib.Path) -> None:
    start(stack, root, fresh="1h")
    file = root / "small1.bin"

    def body() -> bytes:
        return request(stack.frontend.http, "GET", "/small1.bin").body

    before = body()
    file.write_bytes(b"other")
    assert body() == before
    reload(stack, static_cache={"fresh": "0s"})
    assert body() == b"other"
    for number in range(10):
        text = b"text %d" % number
        file.write_bytes(text)
        assert body() == text
    file.unlink()
    assert request(stack.frontend.http, "GET", "/small1.bin").status == 404


def test_the_cache_takes_what_connections_leave_of_few_descriptors(stack: Stack, root: pathlib.Path) -> None:
    start(stack, root, runner=("prlimit", "--nofile=200:200"))
    assert kept(stack, "cached_descriptors_limit") == 3  # a thirty-second of the half that is not kept for the process
    fetch_all(stack)
    assert kept(stack, "cached_descriptors") == 3


def test_a_file_that_became_shorter_is_cut_once(stack: Stack, root: pathlib.Path) -> None:
    start(stack, root, fresh="1h")
    assert len(request(stack.frontend.http, "GET", "/large1.bin").body) == LARGE
    (root / "large1.bin").write_bytes(b"short" * 10)
    with pytest.raises(ConnectionEnded):
        request(stack.frontend.http, "GET", "/large1.bin")
    assert request(stack.frontend.http, "GET", "/large1.bin").body == b"short" * 10


def test_files_that_slow_clients_read_count_for_the_buffers(stack: Stack, root: pathlib.Path) -> None:
    size, count = 500_000, 20
    for number in range(count):
        (root / f"{number}.bin").write_bytes(bytes(size))
    start(stack, root, memory="4MiB", largest="1MiB")

    def buffered() -> int:
        return int(stack.metrics().sum("anteroom_frontend_buffered_bytes"))

    with contextlib.ExitStack() as readers:
        for number in range(count):
            reader = readers.enter_context(stack.connect(receive_buffer=4096))
            reader.send_request("GET", f"/{number}.bin")
            assert reader.read_head().status == 200
        assert kept(stack, "cached_bytes") <= 4 * 1024 * 1024
        assert buffered() >= count * size - 4 * 1024 * 1024
    wait_until(lambda: buffered() == 0, "the files to be given up")
