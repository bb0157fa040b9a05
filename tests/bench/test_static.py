"""What the suite static judges, and what it shows of servers that can't do everything."""

import argparse
from dataclasses import replace

import pytest
from suite_result import SuiteResult
from suites import static
from suites.static_cases import Case, NotSupported, Ready, check_load
from suites.throughput import Round, make_row

MIB = 2**20


def row(peer, connections=64, cpu=10.0, p99=200, size=1024, errors=None):
    return make_row(
        peer, connections, [Round(1000.0, 100, p99, cpu, {"front": cpu}, errors or {}, requests=1000, bytes=1000 * size)]
    )


def case(name, **how):
    return Case(name, name.upper(), f"/static/{name}", lambda port: None, **how)


def verdicts(*rows):
    return {goal.what: goal.met for goal in static.goals([("1k", "1 KiB", one) for one in rows])}


def test_small_files_are_judged_by_cpu_per_request():
    found = verdicts(row("Anteroom", cpu=9.6), row("h2o"), row("nginx", cpu=12.1), row("minimal responder", cpu=7.9))
    cpu = {what.rpartition(" ")[2]: met for what, met in found.items() if what.startswith("CPU per request")}
    assert cpu == {"h2o": False, "nginx": True, "responder": False}


def test_p99_is_judged_beside_both_servers():
    found = verdicts(row("Anteroom", p99=210), row("h2o", p99=211), row("nginx", p99=209))
    assert [met for what, met in found.items() if what.startswith("p99")] == [False, True]


def test_large_files_are_judged_by_cpu_per_byte():
    rows = [("10m", "10 MiB", row("Anteroom", cpu=300.0, size=4 * MIB)), ("10m", "10 MiB", row("nginx", cpu=200.0, size=2 * MIB))]
    (cpu,) = [goal for goal in static.goals(rows) if goal.what.startswith("CPU")]
    assert (cpu.measured, cpu.met) == (0.75, True)


def test_errors_and_other_numbers_of_connections_prove_nothing():
    assert verdicts(row("Anteroom", errors={"status": 1}), row("nginx")) == {}
    assert verdicts(row("Anteroom", connections=1), row("nginx", connections=1)) == {}
    assert verdicts(row("Anteroom")) == {}


def test_a_server_that_can_not_do_it_has_a_row_that_says_so():
    lines = static.table(case("range"), 64, [row("Anteroom"), row("nginx")], ["h2o"]).rows
    assert [line[:2] for line in lines] == [["Anteroom", ""], ["nginx", ""], ["h2o", "not supported"]]
    assert len({len(line) for line in lines}) == 1


def test_only_wrong_answers_are_failures():
    def check(port):
        if port == 1:
            raise NotSupported("answers 200")
        if port == 2:
            raise OSError("refused")
        return Ready(None, 1, 1, [])

    up = {name: argparse.Namespace(port=port) for port, name in enumerate(("Anteroom", "nginx", "h2o"))}
    result = SuiteResult("static")
    ready, unsupported = static.check_all(replace(case("range"), check=check), up, result)
    assert (list(ready), unsupported, len(result.failures)) == (["Anteroom"], ["nginx"], 1)


@pytest.mark.parametrize(
    ("chosen", "every", "one"), [(None, (1, 64, 256), [64]), ([16], [16], [16]), ([1, 64], [1, 64], [64])]
)
def test_cases_without_a_goal_of_their_own_run_at_one_number_of_connections(chosen, every, one):
    assert static.counts(case("1k", every_count=True), chosen) == every
    assert static.counts(case("304"), chosen) == one


def test_the_goals_rest_on_all_rounds_and_only_the_first_table_of_a_case_needs_a_warm_up():
    options = argparse.Namespace(static_seconds=1, rounds=9, warmup=1, quick=False)
    main, other = (static.lengths(options, case("10m", seconds=2), *at) for at in ((64, True), (256, False)))
    assert (main.seconds, main.rounds, main.warmup) == (2, 9, 1)
    assert (other.seconds, other.rounds, other.warmup) == (2, 3, 0)


def test_the_noise_of_large_files_is_that_of_cpu_per_byte():
    rounds = [Round(9.0, 1, 1, cpu, {"front": cpu}, {}, requests=9, bytes=int(cpu * MIB)) for cpu in (50.0, 100.0)]
    one = make_row("nginx", 64, rounds)
    assert (one.noise, static.spread_per_byte(one)) == (1.0, 0.0)


def test_bytes_under_load_have_to_be_those_of_the_answers_that_were_checked():
    ready = Ready(None, 1000, 1000, [])
    assert check_load("x", "t", row("x", size=1200), ready) is None
    assert check_load("x", "t", row("x", size=999), ready) is not None
    assert check_load("x", "t", row("x", size=100_000), ready) is not None
