"""When files are judged beside backends that are busy or dead."""

import pytest
from client import ClientError
from suite_result import SuiteResult
from suites import static_backends
from suites.static_backends import Round, judge, make_state, table, wait_for


def states(busy=100, dead=100, again=100, late=(40, 40, 40, 40)):
    p99 = (100, again, busy, dead)
    return {
        name: make_state(name, [Round(50, p99[i], late[i])]) for i, name in enumerate(static_backends.TURNS)
    }


def judged(found):
    result = SuiteResult("static")
    judge(result, found)
    return result


def test_each_state_is_judged_against_idle():
    assert [goal.met for goal in judged(states(busy=110, dead=111)).goals] == [True, False]
    assert judged(states(again=104, busy=102)).goals[0].measured == 1.0


def test_no_verdict_when_idle_is_not_itself():
    result = judged(states(again=111))
    assert result.goals == []
    assert len(result.notes) == 2


def test_no_verdict_for_the_state_in_which_the_client_was_late_itself():
    result = judged(states(dead=150, late=(40, 40, 40, 60)))
    assert [goal.what for goal in result.goals] == ["p99 of a file, backends busy over idle"]
    assert "late by 60 us" in result.notes[-1]


def test_the_median_round_counts():
    found = make_state("idle", [Round(10, 300, 5), Round(20, 100, 7), Round(30, 200, 6)])
    assert (found.p50_us, found.p99_us, found.late_us) == (20, 200, 6)


def test_table_names_every_state():
    lines = table(states(busy=110)).rows
    assert [line[0] for line in lines] == list(static_backends.TURNS)
    assert lines[2][-1] == "1.10"


def test_a_state_that_does_not_come_about_is_an_error(monkeypatch):
    monkeypatch.setattr(static_backends, "DEADLINE", 0)
    with pytest.raises(ClientError, match="a state did not come about"):
        wait_for("a state", lambda: False)
