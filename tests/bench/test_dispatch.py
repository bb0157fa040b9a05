"""Waiting times out of samples, and the backends' own count of running handlers."""

import pytest
from suite_result import SuiteResult
from suites.dispatch import arrival_rate, ideal_waits_ms, judge, metric, read_samples, short_waits_ms

METRICS = """\
# HELP anteroom_backend_running_max The most handlers that ran at once.
# TYPE anteroom_backend_running_max gauge
anteroom_backend_running_max 2
anteroom_backend_running_max_something 9
anteroom_labelled{pool="a b"} 1
anteroom_labelled{pool="c"} 3
"""


def test_load_of_seventy_per_cent_on_eight_threads():
    assert arrival_rate() == pytest.approx(0.7 * 8 / 0.0149)


def test_samples_come_in_order_of_arrival(tmp_path):
    path = tmp_path / "samples"
    path.write_text("300 short 12000\n100 long 501000\n")
    assert read_samples(path) == [(100, "long", 501000), (300, "short", 12000)]


def test_waiting_is_what_is_beyond_the_handlers_own_time():
    assert short_waits_ms([(0, "short", 12500), (1, "long", 700000)]) == [2.5]


def test_ideal_waits_are_those_of_short_requests_in_one_queue():
    held = [(0, "long", 0)] * 8
    assert ideal_waits_ms(held + [(100_000, "short", 0)]) == [400.0]
    assert ideal_waits_ms(held[:7] + [(100_000, "short", 0)]) == [0.0]


def test_two_front_ends_arejudged_by_the_ratio():
    result = SuiteResult("dispatch")
    judge(result, one=64.0, two=72.0, late_ms=1.0)
    assert [(goal.measured, goal.met) for goal in result.goals] == [(72 / 64, True)]


def test_no_verdict_when_the_client_was_late_itself():
    result = SuiteResult("dispatch")
    judge(result, one=64.0, two=640.0, late_ms=7.0)
    assert result.goals == []
    assert "no verdict" in result.notes[-1]


def test_metric_names_match_whole():
    assert metric(METRICS, "anteroom_backend_running_max") == 2
    assert metric(METRICS, "anteroom_backend") is None


def test_the_largest_of_labelled_values_counts():
    assert metric(METRICS, "anteroom_labelled") == 3
