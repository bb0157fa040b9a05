"""Whose memory is judged."""

from suites.idle import Idle, memory_goals
from suites.large import Body, goals


def body(peer, peak_mib):
    return Body(peer, "up", 2**31, 4.0, 20 * 2**20, peak_mib * 2**20)


def idle(peer, growth, reserved=0):
    return Idle(peer, 15_000, 0.0, 0, 0, growth, 0, [], reserved)


def test_only_ours_has_a_ceiling():
    assert [goal.met for goal in goals([body("Anteroom", 63), body("nginx + origin", 200)])] == [True]
    assert [goal.met for goal in goals([body("Anteroom", 65)])] == [False]


def test_an_idle_connection_counts_with_what_was_reserved_for_it():
    (goal,) = memory_goals([idle("Anteroom", 800), idle("nginx", 500, 500)])
    assert (goal.measured, goal.met) == (0.8, True)
    assert not memory_goals([idle("Anteroom", 800), idle("nginx", 500, 200)])[0].met
    assert memory_goals([idle("Anteroom", 800)]) == []
