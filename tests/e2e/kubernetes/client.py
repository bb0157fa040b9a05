"""Requests to the front end's Service: single ones, and traffic that goes on while something else happens.

Both go through E2E_EXEC, a prefix that runs a program where the cluster's addresses answer.
"""

import json
import os
import pathlib
import shlex
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

LOAD = pathlib.Path(__file__).resolve().with_name("load.py")


def elsewhere() -> list[str]:
    return shlex.split(os.environ.get("E2E_EXEC", ""))


@dataclass
class Answer:
    status: int
    content_type: str
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    def __init__(self, url: str):
        self.url = url

    def get(self, target: str, timeout: float = 30) -> Answer:
        """One GET on a new connection. The status line of what failed is an answer like any other."""
        result = subprocess.run(
            [*elsewhere(), "curl", "--silent", "--show-error", "--globoff", "--max-time", str(timeout),
             "--write-out", "\n%{http_code} %{content_type}", self.url + target],
            capture_output=True, timeout=timeout + 10,
        )  # fmt: skip
        assert result.returncode == 0, f"GET {target}: {result.stderr.decode(errors='replace').strip()}"
        body, _, trailer = result.stdout.rpartition(b"\n")
        status, _, content_type = trailer.decode().partition(" ")
        return Answer(int(status), content_type, body)


class Traffic:
    """GETs for as long as the block runs; `report` afterwards is what load.py printed."""

    RATE = 40.0
    BUSY = 8

    def __init__(self, url: str):
        self._url = url
        self._process: subprocess.Popen[str] | None = None
        self.paths: list[str] = []
        self.report: dict[str, Any] = {}

    def __call__(self, *paths: str) -> "Traffic":
        self.paths = list(paths)
        return self

    def __enter__(self) -> "Traffic":
        # From a pipe, since the program's file may not exist where it runs; its standard input is the signal to stop.
        program = LOAD.read_text()
        self._process = subprocess.Popen(
            [*elsewhere(), sys.executable if not elsewhere() else "python3", "-c", program,
             "--rate", str(self.RATE), "--busy", str(self.BUSY), self._url, *self.paths],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        output, errors = self._process.communicate(input="", timeout=120)
        assert self._process.returncode == 0, errors
        self.report = json.loads(output)

    def assert_no_failure(self) -> None:
        assert self.report["failed"] == 0, f"{self.report['failed']} failed: {json.dumps(self.report['failures'])}"
        # The rate was held: all was really under load.
        assert self.report["answered"] >= 0.9 * self.RATE * self.report["seconds"], self.report
