"""When two loops are judged against one, and by what."""

import os
import subprocess
import sys

import pytest
from suite_result import SuiteResult
from suites.static_loops import Round, Scaling, affinity, judge, median, table


def scaling(peer="Anteroom", one=10.0, two=5.0, busy=(1.0, 1.0), cpus=1.2):
    return Scaling(peer, Round(1000.0, one, 0.6, busy[0]), Round(2000.0, two, cpus, busy[1]), {})


def judged(*found):
    result = SuiteResult("static")
    judge(result, found)
    return result


def test_the_busiest_thread_sets_the_pace():
    assert scaling(two=5.0).gain == 2.0
    assert [goal.met for goal in judged(scaling(two=5.5)).goals] == [True]
    assert [goal.met for goal in judged(scaling(two=5.6)).goals] == [False]


def test_time_that_is_idle_only_with_two_loops_counts_as_lost():
    assert scaling(two=5.0, busy=(1.0, 0.95)).gain == pytest.approx(1.9)
    assert scaling(two=5.0, busy=(0.95, 1.0)).gain == 2.0


@pytest.mark.parametrize(
    ("ours", "why"),
    [(scaling(busy=(0.8, 1.0)), "used 80%"), (scaling(busy=(1.0, 0.8)), "80% of two"), (scaling(cpus=1.0), "too little")],
)
def test_no_verdict_when_something_else_was_the_limit(ours, why):
    result = judged(ours)
    assert result.goals == []
    assert why in result.notes[-1]


def test_no_miss_where_the_machine_gives_no_more_to_threads_that_share_nothing():
    result = judged(scaling(two=6.0), scaling("minimal responder", two=5.8))
    assert result.goals == []
    assert "share nothing gain 1.72" in result.notes[-1]
    assert [goal.met for goal in judged(scaling(two=5.2), scaling("minimal responder", two=5.8)).goals] == [True]
    assert [goal.met for goal in judged(scaling(two=6.0), scaling("minimal responder", two=5.0)).goals] == [False]


def test_without_ours_nothing_is_judged():
    assert judged(scaling("minimal responder")).goals == []


def test_medians_are_of_each_number():
    rounds = [Round(1.0, 30.0, 0.1, 1.0), Round(2.0, 20.0, 0.3, 0.9), Round(3.0, 10.0, 0.2, 0.8)]
    assert median(rounds) == Round(2.0, 20.0, 0.2, 0.9)


def test_table_has_a_row_for_each_number_of_loops():
    lines = table([scaling()]).rows
    assert [line[:3] for line in lines] == [["Anteroom", "1", "1,000"], ["Anteroom", "2", "2,000"]]
    assert lines[1][-2:] == ["2.00", "2.00"]


def test_what_is_started_inside_runs_on_these_cpus_only():
    before = os.sched_getaffinity(0)
    cpu = min(before)
    code = "import os; print(*os.sched_getaffinity(0))"
    with affinity({cpu}):
        finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert finished.stdout.split() == [str(cpu)]
    assert os.sched_getaffinity(0) == before
