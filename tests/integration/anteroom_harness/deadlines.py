"""The one way to wait for something: a condition and a deadline, never a pause that is hoped to be long enough.

All times are in seconds. ANTEROOM_TEST_SLOWDOWN stretches every deadline for instrumented binaries and loaded machines.
"""

import os
import time
from collections.abc import Callable
from typing import TypeVar

SLOWDOWN = float(os.environ.get("ANTEROOM_TEST_SLOWDOWN", "1"))

T = TypeVar("T")


def scaled(seconds: float) -> float:
    """What `seconds` are for the binaries under test."""
    return seconds * SLOWDOWN


class Missed(AssertionError):
    """A deadline passed. The message says what was waited for and what there was instead."""


def wait_until(
    condition: Callable[[], T],
    what: str,
    timeout: float = 5.0,
    explain: Callable[[], str] | None = None,
    pause: float = 0.001,
) -> T:
    """Returns the first true value of `condition`; raises Missed after `timeout` (scaled). Looks again after `pause`,
    in seconds, which grows to 20 ms unless it is longer (where looking disturbs)."""
    deadline = time.monotonic() + scaled(timeout)
    longest_pause = max(pause, 0.02)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            explanation = f"; {explain()}" if explain else f"; last saw {value!r}"
            raise Missed(f"waited {scaled(timeout):.1f} s for {what}{explanation}")
        time.sleep(pause)
        pause = min(pause * 2, longest_pause)


def stays(condition: Callable[[], object], what: str, seconds: float) -> None:
    """Asserts that `condition` holds all the time for `seconds` (not scaled: it is a time of the outside world)."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert condition(), f"{what} did not last {seconds} s"
        time.sleep(0.01)
