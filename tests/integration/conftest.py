"""Fixtures. A test that only asks takes `shared` (one stack a module and pump); one that kills, drains or configures
takes `stack` and starts what it needs."""

import os
import pathlib
import sys
from collections.abc import Iterator

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from anteroom_harness.stack import Stack  # noqa: E402

SOAK = os.environ.get("ANTEROOM_SOAK") == "1"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: takes more than about five seconds")
    config.addinivalue_line("markers", "no_asan: measures memory, of which AddressSanitizer keeps what was freed")
    config.addinivalue_line("markers", "no_tsan: measures what ThreadSanitizer's own threads and costs would drown")


@pytest.fixture(params=["loop", "thread"])
def pump(request: pytest.FixtureRequest) -> str:
    """For tests whose path leads through the links: both ways to harvest completions."""
    return request.param


@pytest.fixture
def stack(tmp_path: pathlib.Path, request: pytest.FixtureRequest) -> Iterator[Stack]:
    stack = Stack(tmp_path)
    if "pump" in request.fixturenames:
        stack.defaults = {"links": {"pump": request.getfixturevalue("pump")}}
    yield stack
    if request.node.stash.get(FAILED, False):
        print(stack.log_tails())
    stack.close()


@pytest.fixture(scope="module", params=["loop", "thread"])
def shared(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """Two backends of four threads behind one front end, for tests that leave them as they were."""
    stack = Stack(tmp_path_factory.mktemp("shared"), {"links": {"pump": request.param}})
    try:
        yield stack.start(backends=2)
    finally:  # also of what could be started when not all of it could
        stack.close()


@pytest.fixture
def cycles() -> int:
    """How often a test repeats what must never leak: a thousand times with ANTEROOM_SOAK=1."""
    return 1000 if SOAK else 25


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    outcome = yield
    if call.when == "call":
        item.stash[FAILED] = outcome.get_result().failed
