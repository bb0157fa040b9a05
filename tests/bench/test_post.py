"""Which POSTs count as cheap enough."""

from suites import post
from suites.throughput import Round, make_row


def row(peer, cpu, errors=None):
    return make_row(peer, 64, [Round(1000.0, 100, 200, cpu, {"front": cpu, "back": 0.0}, errors or {})])


def test_the_streaming_proxy_is_the_measure():
    rows = [row("Anteroom", 22), row("HAProxy + origin", 20), row("nginx + origin", 30)]
    assert [(goal.measured, goal.met) for goal in post.goals(16, rows)] == [(1.1, False)]
    assert post.goals(16, [row("Anteroom", 20), row("HAProxy + origin", 20)])[0].met


def test_errors_prove_nothing():
    assert post.goals(1, [row("Anteroom", 1), row("HAProxy + origin", 20, {"status": 1})]) == []
    assert post.goals(1, [row("Anteroom", 1, {"read": 2}), row("HAProxy + origin", 20)]) == []


def test_without_the_measure_there_is_no_goal():
    assert post.goals(1, [row("Anteroom", 1), row("nginx + origin", 20)]) == []
