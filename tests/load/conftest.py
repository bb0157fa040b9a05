"""Attacks with thousands of connections, each for a minute or so: only with ANTEROOM_LOAD=1."""

import os
import pathlib
import shutil
import sys
from collections.abc import Callable, Iterator

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from anteroom_harness.frontend import Settings  # noqa: E402
from anteroom_harness.stack import Stack  # noqa: E402
from honest_client import CPUS, OTHERS_CPU, SERVERS_CPUS  # noqa: E402


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    reason = ""
    if os.environ.get("ANTEROOM_LOAD") != "1":
        reason = "only with ANTEROOM_LOAD=1"
    elif shutil.which("slowhttptest") is None:
        reason = "slowhttptest is not installed"
    for item in items:  # of all folders that are run together
        if reason and item.path.is_relative_to(pathlib.Path(__file__).parent):
            item.add_marker(pytest.mark.skip(reason=reason))


class StackApart(Stack):
    """Its processes have SERVERS_CPUS to themselves: whoever watches them is elsewhere."""

    def start(self, backends: int = 1, threads: int = 4, settings: Settings | None = None) -> Stack:
        os.sched_setaffinity(0, SERVERS_CPUS)  # which they inherit
        try:
            return super().start(backends, threads, settings)
        finally:
            os.sched_setaffinity(0, {OTHERS_CPU})


@pytest.fixture
def stack(tmp_path: pathlib.Path) -> Iterator[Stack]:
    if not SERVERS_CPUS:
        pytest.skip("attackers need a CPU of their own, and there is one")
    os.sched_setaffinity(0, {OTHERS_CPU})
    try:
        stack = StackApart(tmp_path)
        yield stack
        stack.close()
    finally:
        os.sched_setaffinity(0, CPUS)


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Numbers are what these tests are run for."""

    def print_it(what: str) -> None:
        with capsys.disabled():
            print(f"\r  {what}", flush=True)

    return print_it
