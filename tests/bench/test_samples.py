"""Percentiles, and the ideal queue that dispatch is compared with."""

import pytest
from samples import central_queue_waits, percentile, spread


def test_percentile_is_a_value_that_was_measured():
    values = list(range(1, 1001))
    assert percentile(values, 50) == 500
    assert percentile(values, 99) == 990
    assert percentile(values, 99.9) == 999
    assert percentile(values, 100) == 1000


def test_percentile_of_few_values():
    assert percentile([7], 99.9) == 7
    assert percentile([3, 1, 2], 50) == 2
    assert percentile([2, 1], 1) == 1


def test_percentile_of_nothing_is_an_error():
    with pytest.raises(ValueError):
        percentile([], 50)


def test_spread_is_relative_to_the_median():
    assert spread([9, 10, 12]) == pytest.approx(0.3)
    assert spread([5]) == 0


def test_central_queue_without_contention_has_no_waits():
    assert central_queue_waits([(0, 10), (20, 10), (40, 10)], 1) == [0, 0, 0]


def test_central_queue_gives_the_first_free_server():
    # Two servers: one is held by the long job, the short ones take turns on the other.
    assert central_queue_waits([(0, 500), (0, 10), (0, 10), (5, 10)], 2) == [0, 0, 10, 15]
