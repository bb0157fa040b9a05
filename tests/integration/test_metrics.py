"""Metrics move with traffic, and by exactly as much."""

import pytest
from anteroom_harness.deadlines import wait_until
from anteroom_harness.metrics import Samples
from anteroom_harness.stack import Stack


def outcomes(samples: Samples, outcome: str) -> float:
    return samples.sum("anteroom_frontend_exchanges_total", outcome=outcome)


def test_every_exchange_is_counted_once_by_outcome(stack: Stack) -> None:
    stack.start()
    before = stack.metrics()
    for _ in range(7):
        assert stack.get("/diag/hello").status == 200
    with stack.connect() as connection:
        connection.send(b"nonsense\r\n\r\n")
        connection.read_response()
    for outcome, count in {"served": 7, "bad_request": 1}.items():  # when the client has its answer already
        wait_until(
            lambda: outcomes(stack.metrics(), outcome) - outcomes(before, outcome) == count,  # noqa: B023
            f"{count} exchanges to be counted as {outcome}",
        )


def test_connections_come_and_go(stack: Stack) -> None:
    stack.start()
    connections = [stack.connect() for _ in range(9)]
    wait_until(lambda: stack.open_connections() == 9, "nine connections")
    for connection in connections:
        connection.close()
    wait_until(lambda: stack.open_connections() == 0, "no connection")


def test_a_lost_backend_shows(stack: Stack) -> None:
    stack.start(backends=2)
    links = 2 * 2  # of two loops with two backends
    stack.wait_links(links)
    stack.backends[0].kill()
    wait_until(lambda: stack.metrics().sum("anteroom_pool_links") < links, "a link to go down")
    assert stack.metrics().sum("anteroom_link_lost_total") >= 1


def test_the_backend_counts_handlers(stack: Stack) -> None:
    stack.start(threads=3)
    for _ in range(5):
        stack.get("/diag/hello")
    with stack.connect() as connection:
        connection.send_request("GET", "/diag/sleep?ms=60000", {"X-Id": "running"})
        stack.wait_started("running")
        samples = stack.metrics(stack.backend)
        assert samples.sum("anteroom_backend_running") == 1
    wait_until(lambda: stack.metrics(stack.backend).sum("anteroom_backend_running") == 0, "the handler to end")


def test_the_safety_net_for_lost_readiness_is_never_needed(stack: Stack) -> None:
    stack.start(backends=2)
    for _ in range(200):
        stack.get("/diag/hello")
    assert stack.metrics().sum("anteroom_link_silent_harvests_total") == 0


def test_the_harness_knows_a_misspelt_metric(shared: Stack) -> None:
    samples = shared.metrics()
    assert samples.sum("anteroom_link_lost_total") == 0
    assert samples.sum("anteroom_frontend_exchanges_total", outcome="no such outcome") == 0
    for name in ("anteroom_link_lots_total", "anteroom_link_lost_total_count", ""):
        with pytest.raises(AssertionError, match=f"no metric {name}"):
            samples.sum(name)
