"""A client of hot files beside a hundred that read cold ones from a slow disk: it hardly notices.

The cold files are on a disk of their own that gives 2 MB/s to all of its readers together; each is read once, so that
no page of them is in memory before."""

import os
import pathlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from anteroom_harness.deadlines import wait_until
from anteroom_harness.http_client import ConnectionEnded, get
from anteroom_harness.slow_disk import slow_disk
from anteroom_harness.stack import Stack
from honest_client import MOST_ROUNDS, Latency, assert_hardly_noticed, latency, start_honest, told

READERS = 100
COLD_SIZE = 100 * 1024
DISK_RATE = 2 * 1024 * 1024
RATE, SECONDS = 500, 15
COLD_FILES = 2 * MOST_ROUNDS * SECONDS * DISK_RATE // COLD_SIZE  # more than the disk can give meanwhile


@contextmanager
def cold_readers(stack: Stack, names: Iterator[int]) -> Iterator[list[int]]:
    """READERS that take the next name as soon as they have the last file; gives the statuses, which grow."""
    lock, stop = threading.Lock(), threading.Event()
    came: list[int] = []

    def read() -> None:
        while not stop.is_set():
            with lock:
                name = next(names, None)
            if name is None:
                return
            try:
                response = get(stack.frontend.http, f"/cold/{name}.bin", timeout=120)
            except ConnectionEnded:
                if stop.is_set():
                    return
                raise
            came.append(response.status)

    readers = [threading.Thread(target=read, daemon=True) for _ in range(READERS)]
    for reader in readers:
        reader.start()
    try:
        yield came
    finally:
        stop.set()
        for reader in readers:
            reader.join()


def test_hot_files_do_not_wait_for_cold_ones(stack: Stack, tmp_path: pathlib.Path, say: Callable[[str], None]) -> None:
    hot = tmp_path / "hot"
    hot.mkdir()
    (hot / "small.txt").write_bytes(bytes(1024))
    (tmp_path / "others").mkdir()
    with slow_disk(tmp_path / "others", read_rate=DISK_RATE) as disk:
        for number in range(COLD_FILES):
            (disk.mirrored / f"{number}.bin").write_bytes(os.urandom(COLD_SIZE))
        stack.start(
            settings={
                "routes": [
                    {"path": "/hot/", "static": {"root": str(hot)}},
                    {"path": "/cold/", "static": {"root": str(disk.directory)}},
                    {"path": "/", "pool": "main"},
                ]
            }
        )
        latency(start_honest(stack, "/hot/small.txt", RATE, 2), 2)  # what is made once is made
        names = iter(range(COLD_FILES))

        def round_() -> tuple[Latency, Latency]:
            alone = latency(start_honest(stack, "/hot/small.txt", RATE, SECONDS), SECONDS)
            with cold_readers(stack, names) as came:
                wait_until(lambda: len(came) > 0, "the first cold file", timeout=30, pause=0.25)
                beside = latency(start_honest(stack, "/hot/small.txt", RATE, SECONDS), SECONDS)
                cold = len(came)
            say(f"hot files: {told(alone, beside)} {READERS} readers of {cold} cold files")
            assert set(came) == {200}
            return alone, beside

        assert_hardly_noticed(round_)
        assert next(names, None) is not None  # the disk was busy to the end
