"""How latencies at the same load are told and judged."""

import argparse

from client import ClientError
from suite_result import SuiteResult
from suites import static_latency
from suites.static_backends import Round
from suites.static_latency import judge, make_row, measure_case, table


def row(peer, p99, case="1k", late=5):
    return make_row(case, case, peer, [Round(p99 // 2, p99, late)])


def judged(rows):
    result = SuiteResult("static")
    judge(result, rows)
    return {goal.what: goal.met for goal in result.goals}, result.notes


def test_the_median_round_counts():
    made = make_row("1k", "1 KiB", "nginx", [Round(10, 300, 5), Round(20, 100, 7), Round(30, 200, 6)])
    assert (made.p50_us, made.p99_us, made.late_us) == (20, 200, 6)


def test_ours_is_judged_against_each_peer_that_was_measured():
    rows = [row("Anteroom", 100), row("nginx", 100), row("h2o", 99), row("Anteroom", 100, "10m"), row("h2o", 50, "10m")]
    assert judged(rows)[0] == {
        "p99 at the same load, 1k, Anteroom over nginx": True,
        "p99 at the same load, 1k, Anteroom over h2o": False,
        "p99 at the same load, 10m, Anteroom over h2o": False,
    }
    assert judged([row("nginx", 100)]) == ({}, [])


def test_no_verdict_when_the_client_was_late_itself():
    goals, notes = judged([row("Anteroom", 100), row("nginx", 100, late=11), row("h2o", 100, late=10)])
    assert goals == {"p99 at the same load, 1k, Anteroom over h2o": True}
    assert len(notes) == 1
    assert "Anteroom over nginx: no verdict: the client itself was late by 11 us of 100" in notes[0]


def test_table_has_ours_as_a_multiple_of_the_others():
    lines = table([row("Anteroom", 300), row("nginx", 200)]).rows
    assert lines == [["Anteroom", "150", "300", "5", "-", "-"], ["nginx", "100", "200", "5", "1.50", "1.50"]]


def test_all_get_the_same_arrivals_and_one_that_fails_has_no_row(monkeypatch):
    asked = []

    def measure(_setup, port, _path, rate, seconds, seed):
        if port == 2:
            raise ClientError("reset")
        asked.append((port, rate, seconds, seed))
        return Round(1, 2, 3)

    monkeypatch.setattr(static_latency, "measure", measure)
    up = {name: argparse.Namespace(port=port) for name, port in (("Anteroom", 1), ("nginx", 2), ("h2o", 3))}
    case = argparse.Namespace(name="10m", title="10 MiB", path="/10m")
    result = SuiteResult("static")
    rows = measure_case(None, case, up, argparse.Namespace(static_seconds=2, rounds=2), result)
    assert [one.peer for one in rows] == ["Anteroom", "h2o"]
    assert sorted(asked) == [(1, 25, 8, 1), (1, 25, 8, 2), (3, 25, 8, 1), (3, 25, 8, 2)]
    assert result.failures == ["latency: nginx: reset"]
