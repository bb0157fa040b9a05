"""A disk that is slow, or stops answering when told to: a FUSE mirror of a directory (bindfs), whose process is stopped."""

import os
import pathlib
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from anteroom_harness.deadlines import scaled, wait_until
from anteroom_harness.process import Process


class SlowDisk:
    def __init__(self, directory: pathlib.Path, mirrored: pathlib.Path, process: subprocess.Popen[bytes]) -> None:
        self.directory = directory
        self.mirrored = mirrored  # the same files, at full speed
        self._process = process

    def stall(self) -> None:
        """From now on whoever reads or writes waits. Whoever waits can't be killed: resume before a process is to end."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def forget(self, process: Process) -> None:
        """What the process has open here has to be read anew."""
        for link, name in process.open_files().items():
            if name.startswith(f"{self.directory}/"):
                with link.open("rb") as file:
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


@contextmanager
def slow_disk(tmp_path: pathlib.Path, read_rate: int | None = None) -> Iterator[SlowDisk]:
    """`read_rate`: bytes a second, all readers together."""
    if shutil.which("bindfs") is None or not os.access("/dev/fuse", os.R_OK | os.W_OK):
        pytest.skip("needs bindfs and /dev/fuse")
    mirrored, mounted = tmp_path / "disk-below", tmp_path / "disk"
    mirrored.mkdir()
    mounted.mkdir()
    rate = [f"--read-rate={read_rate}"] if read_rate else []
    process = subprocess.Popen(["bindfs", "-f", *rate, str(mirrored), str(mounted)], stdin=subprocess.DEVNULL)
    try:
        wait_until(lambda: process.poll() is not None or os.path.ismount(mounted), "the disk to be mounted")
        if process.poll() is not None:
            pytest.skip(f"bindfs may not mount here: status {process.returncode}")
        disk = SlowDisk(mounted, mirrored, process)
        try:
            yield disk
        finally:
            disk.resume()
            subprocess.run(["umount", "--lazy", str(mounted)], check=True)
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(scaled(10))
