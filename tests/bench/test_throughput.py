"""Order of rounds, medians, ratios and goals of the throughput suites."""

from suites.throughput import Round, goals, make_row, table, turns

ALL_WELL = {}


def one_round(cpu=10.0, rate=1000.0, errors=ALL_WELL):
    return Round(rate, 100, 200, cpu, {"front": cpu * 0.6, "back": cpu * 0.4}, errors)


def row(peer, connections=64, **values):
    return make_row(peer, connections, [one_round(**values)])


def test_every_peer_has_every_place_in_the_order():
    assert list(turns(["a", "b", "c"], 3)) == ["a", "b", "c", "b", "c", "a", "c", "a", "b"]


def test_the_median_round_counts():
    found = make_row("x", 1, [one_round(cpu=30), one_round(cpu=10), one_round(cpu=11)])
    assert found.cpu_us == 11
    assert found.noise == 20 / 11


def test_errors_of_all_rounds_are_added_up():
    found = make_row("x", 1, [one_round(errors={"status": 1}), one_round(errors={"status": 2, "timeout": 1})])
    assert found.errors == {"status": 3, "timeout": 1}


def test_cpu_per_byte_counts_what_was_under_way_at_the_end():
    one = Round(10.0, 100, 200, 40.0, {"front": 40.0}, ALL_WELL, requests=10, bytes=20 * 2**20)
    assert one.cpu_us_mib == 20.0
    assert one.mib_s == 20.0
    found = make_row("x", 1, [one, one])
    assert (found.cpu_us_mib, found.mib_s) == (20.0, 20.0)


def test_ratios_say_what_anteroom_is_as_a_multiple_of_the_other():
    lines = table(64, [row("Anteroom", cpu=10, rate=3000), row("nginx", cpu=20, rate=1000)], "dynamic").rows
    assert lines[0][-4:] == ["-"] * 4
    assert lines[1][-4] == "3.00"
    assert lines[1][-1] == "0.50"


def test_without_anteroom_there_are_no_ratios_and_no_goals():
    rows = [row("nginx"), row("HAProxy + origin")]
    assert all(line[-1] == "-" for line in table(64, rows, "dynamic").rows)
    assert goals(rows) == []


def test_rows_with_errors_are_marked_and_prove_no_goal():
    rows = [row("Anteroom", errors={"status": 1}), row("HAProxy + origin")]
    assert table(64, rows, "dynamic").rows[0][1] == "INVALID"
    assert goals(rows) == []


def test_goals_are_met_or_missed_by_the_ratio():
    rows = [row("Anteroom", cpu=7.1, rate=1300), row("HAProxy + origin", cpu=10, rate=1000)]
    verdict = {goal.what.split(" at ")[0]: goal.met for goal in goals(rows)}
    assert verdict == {"CPU per request": False, "requests/s": True, "p99": True}
