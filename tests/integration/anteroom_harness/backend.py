"""A stock backend with the diagnostic handlers."""

import pathlib

from .binaries import binary
from .process import Process


class Backend(Process):
    """`port` 0 lets the kernel choose; a backend that takes another's place passes the old one's port."""

    def __init__(
        self,
        name: str,
        directory: pathlib.Path,
        threads: int = 4,
        port: int = 0,
        diag: bool = True,
        arguments: tuple[str, ...] = (),
    ):
        self.diag_log = directory / f"{name}.started"
        super().__init__(
            name,
            [
                binary("anteroom-backend"),
                "--listen", f"127.0.0.1:{port}",
                "--admin", "127.0.0.1:0",
                "--threads", str(threads),
                *(["--diag", "--diag-log", str(self.diag_log)] if diag else []),
                *arguments,
            ],
            directory,
        )  # fmt: skip
        self.grpc = self._logged_address("grpc")
        self.admin = self._logged_address("admin")
        self.threads_count = threads

    @property
    def endpoint(self) -> str:
        return f"{self.grpc[0]}:{self.grpc[1]}"

    def started_ids(self) -> list[str]:
        """The X-Id of every request whose handler began, in that order."""
        return self.diag_log.read_text().splitlines() if self.diag_log.exists() else []
