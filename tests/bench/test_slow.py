"""What beside slow clients is judged, and how."""

from suite_result import SuiteResult
from suites.slow import QUICK, Phase, crowd_of, judge, table

NO_ERRORS = {"status": {}, "mismatch": 0, "malformed": 0, "connection": 0, "timeout": 0}
MIB = 2**20


def crowd(completed=200, **errors):
    return {"count": 200, "completed": completed, "errors": {**NO_ERRORS, **errors}, "seconds": {"max": 21.0}}


def phase(rate=980.0, front=10, back=5, crowds=None, errors=None):
    growth = {"front": front * MIB, "back": back * MIB}
    return Phase("uploads", rate, 1000.0, 6000, growth, crowds or [crowd()], errors or {})


def judged(one):
    result = SuiteResult("slow")
    judge(result, one)
    return result


def test_all_is_well():
    result = judged(phase())
    assert len(result.goals) == 3
    assert all(goal.met for goal in result.goals)
    assert result.failures == []


def test_lost_throughput_memory_and_transfers_miss_their_goals():
    assert [goal.met for goal in judged(phase(rate=960.0)).goals] == [False, True, True]
    assert [goal.met for goal in judged(phase(front=60)).goals] == [True, False, True]
    assert [goal.met for goal in judged(phase(back=55)).goals] == [True, False, True]
    refused = crowd(completed=199, status={"503": 1})
    assert [goal.met for goal in judged(phase(crowds=[crowd(), refused])).goals] == [True, True, False]


def test_wrong_bytes_and_errors_of_fast_clients_make_it_invalid():
    assert judged(phase(crowds=[crowd(completed=199, mismatch=1)])).failures != []
    assert judged(phase(errors={"timeout": 1})).failures != []
    assert table([phase(errors={"timeout": 1})], QUICK).rows[0][1] == "INVALID"


def test_table_says_what_was_kept():
    row = table([phase()], QUICK).rows[0]
    assert row[4] == "98.0 %"
    assert row[8] == "200 of 200"


def test_a_crowd_that_none_completed_has_a_row():
    failed = {**crowd(completed=0, timeout=200), "seconds": None}
    assert table([phase(crowds=[failed])], QUICK).rows[0][8] == "0 of 200"


def test_both_directions_can_be_checked():
    assert crowd_of("up", QUICK).path == "/diag/echo"
    assert crowd_of("down", QUICK).path == f"/diag/bytes?n={QUICK.bytes}"
    assert crowd_of("up", QUICK).timeout > QUICK.seconds
