"""Every vector of the parser's, over sockets: whole, byte by byte, and split in two, always with the same verdict.

A refused one is answered once, with its status and `Connection: close`; nothing behind the error is looked at; and the
client reads the end of the connection, not a reset. Each complete request before the error, or without one, is answered.
"""

import re
from collections.abc import Callable, Iterator

import pytest
from anteroom_harness.deadlines import SLOWDOWN
from anteroom_harness.replay import Batch, Plan, batches, expected_words
from anteroom_harness.stack import Stack
from anteroom_harness.vectors import load_vectors

VECTORS = load_vectors()
# Cuts of one vector. Instrumented binaries get a sample: the parser's own test runs under sanitizers with many more.
MOST_CUTS = 300 if SLOWDOWN == 1 else 12
AT_ONCE = 800  # connections
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
PATIENT = {"timeouts": {"header": "10m", "idle": "10m", "body_grace": "10m"}}


def cuts(data: bytes) -> list[int]:
    """Every offset of a short vector; of a long one those at its ends, around CR and LF, and some between them."""
    offsets = set(range(1, len(data)))
    if len(data) > 300:
        near_the_ends = {*range(1, 80), *range(len(data) - 80, len(data))}
        around_line_ends = {match.start() + off for match in re.finditer(rb"[\r\n]", data) for off in (-1, 0, 1, 2)}
        offsets &= near_the_ends | around_line_ends | set(range(0, len(data), 997))
    chosen = sorted(offsets)
    step = max(1, -(-len(chosen) // MOST_CUTS))
    return chosen[::step]


def whole() -> Iterator[Plan]:
    for vector in VECTORS:
        yield Plan(vector, [[vector.data]], "whole")
        if vector.status:
            yield Plan(vector, [[vector.data + SMUGGLED]], "with a request behind it")


def byte_by_byte() -> Iterator[Plan]:
    """A byte a send. What lies between two cuts of a long vector is one round."""
    for vector in VECTORS:
        ends = [*cuts(vector.data), len(vector.data)]
        begins = [0, *ends]
        rounds = [
            [vector.data[i : i + 1] for i in range(begin, end)] for begin, end in zip(begins, ends, strict=False)
        ]
        yield Plan(vector, rounds, "byte by byte")


def split_in_two() -> Iterator[Plan]:
    for vector in VECTORS:
        for cut in cuts(vector.data):
            yield Plan(vector, [[vector.data[:cut]], [vector.data[cut:]]], f"split at {cut}")


@pytest.mark.slow
@pytest.mark.parametrize("plans", [whole, byte_by_byte, split_in_two])
def test_every_vector_has_its_verdict(stack: Stack, plans: Callable[[], Iterator[Plan]]) -> None:
    stack.start(settings=PATIENT)
    faults, answers, refusals = [], 0, 0
    for batch in batches(plans(), AT_ONCE):
        for replay in Batch(stack.frontend.http, batch, lambda: bytes_read(stack)).run():
            vector = replay.plan.vector
            answers += vector.complete
            refusals += vector.status is not None
            if replay.words != (expected := expected_words(vector)):
                faults.append(f"{vector.name}, {replay.plan.how}: {replay.words} instead of {expected}")
    assert not faults, f"{len(faults)} replays:\n" + "\n".join(faults[:30])
    # What the clients saw is what the front end counted, so nothing else was taken for a request.
    samples = stack.metrics()
    counted = {
        outcome: samples.sum("anteroom_frontend_exchanges_total", outcome=outcome)
        for outcome in ("served", "static", "bad_request", "too_large", "no_route")
    }
    assert counted["served"] + counted["static"] == answers
    assert counted["bad_request"] + counted["too_large"] == refusals
    assert counted["no_route"] == 0
    assert counted["static"] < answers / 20  # OPTIONS *; all others come from the backend


def bytes_read(stack: Stack) -> int:
    return int(stack.metrics().sum("anteroom_frontend_received_bytes_total"))


def test_all_vectors_are_read() -> None:
    assert len(VECTORS) >= 600
    assert len({vector.name for vector in VECTORS}) == len(VECTORS)
    assert {vector.verdict for vector in VECTORS if vector.status is None} == {"accept", "incomplete"}


def test_every_offset_of_a_short_vector_is_a_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("test_vectors.MOST_CUTS", 300)
    assert cuts(bytes(300)) == list(range(1, 300))
    long = bytes(5000) + b"\r\n" + bytes(5000)
    assert {1, 4999, 5000, 5001, 5002, len(long) - 1} <= set(cuts(long))
    monkeypatch.setattr("test_vectors.MOST_CUTS", 12)
    assert len(cuts(bytes(300))) == 12
