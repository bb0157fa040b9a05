"""A client of hot files beside a hundred that read cold ones from a slow disk: it hardly notices.

The cold files are on a disk of their own that gives 2 MB/s to all of its readers together; each is read once, so that
no page of them is in memory before."""

import os
import pathlib
import threading
from collections.abc import Callable

import pytest
from anteroom_harness.deadlines import wait_until
from anteroom_harness.http_client import ConnectionEnded, get
from anteroom_harness.slow_disk import slow_disk
from anteroom_harness.stack import Stack
from honest_client import OTHERS_CPU, latency, start_honest

READERS = 100
COLD_SIZE = 100 * 1024
DISK_RATE = 2 * 1024 * 1024
RATE, SECONDS = 500, 15
COLD_FILES = SECONDS * 3 * DISK_RATE // COLD_SIZE  # more than the disk can give meanwhile
MOST_P99 = 1.2   # of the quiet one
MOST_LATE = 0.1  # how late the honest client itself may be, of that: beyond it there is no verdict


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
        quiet = latency(start_honest(stack, "/hot/small.txt", RATE, SECONDS), SECONDS)

        names = iter(range(COLD_FILES))
        lock, stop, came = threading.Lock(), threading.Event(), []

        def read_cold() -> None:
            os.sched_setaffinity(0, {OTHERS_CPU})  # of this thread
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

        readers = [threading.Thread(target=read_cold, daemon=True) for _ in range(READERS)]
        for reader in readers:
            reader.start()
        wait_until(lambda: len(came) > 0, "the first cold file", timeout=30, pause=0.25)
        beside = latency(start_honest(stack, "/hot/small.txt", RATE, SECONDS), SECONDS)
        cold = len(came)
        stop.set()
        for reader in readers:
            reader.join()
    say(f"hot files: p99 {quiet.p99_ms:.3f} ms alone, {beside.p99_ms:.3f} ms beside {READERS} readers of {cold} cold files")
    assert set(came) == {200}
    assert 0 < cold < COLD_FILES  # the disk was slow, and busy to the end
    late = max(quiet.late_ms, beside.late_ms)
    if late > MOST_LATE * quiet.p99_ms:
        pytest.skip(f"no verdict on latency: the honest client was late itself, by {late:.3f} ms; repeat when it is quiet")
    assert beside.p99_ms <= MOST_P99 * quiet.p99_ms, f"{beside.p99_ms:.3f} ms beside, {quiet.p99_ms:.3f} ms alone"
