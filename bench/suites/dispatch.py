"""Waiting time of short requests beside long ones, with two front ends against one: what dispatch costs.

Open-loop load (Poisson) on four backends of two threads: 99 % of requests sleep 10 ms, 1 % sleep 500 ms, 70 % of what
the threads can do. The two topologies run side by side at the same time, each with backends of its own, and get the
same arrivals from the same seed: what the machine does to one it does to the other. Sleeping costs little CPU, so they
don't disturb each other. A central queue with the same arrivals, computed, is the ideal.
"""

import os
from dataclasses import dataclass

import client
from peers import AnteroomDynamic
from peers.anteroom import start_backend, start_frontend
from processes import Processes, StartError
from samples import central_queue_waits, percentile
from suite_result import Goal, SuiteResult, Table

OPENLOOP = "anteroom-bench-openloop"
BACKENDS = 4
THREADS = 2
LOAD = 0.7
SHORT_MS, LONG_MS = 10, 500
KINDS = (
    ("short", 99, f"/diag/sleep?ms={SHORT_MS}"),
    ("long", 1, f"/diag/sleep?ms={LONG_MS}"),
)
SEEDS = (1, 2)
MOST_LATE = 0.1  # how late the client may be, as a share of the waits that it measures (both at p99.9)
FRONTENDS = (1, 2)


def arrival_rate():
    """Requests a second that keep LOAD of all threads busy."""
    weights = sum(weight for _, weight, _ in KINDS)
    mean_ms = (KINDS[0][1] * SHORT_MS + KINDS[1][1] * LONG_MS) / weights
    return LOAD * BACKENDS * THREADS * 1000 / mean_ms


@dataclass(frozen=True)
class Topology:
    frontends: list
    backends: list


def read_samples(path):
    """(due us, kind, latency us), in order of `due`."""
    found = []
    with open(path, encoding="ascii") as file:
        for line in file:
            due, kind, latency = line.split()
            found.append((int(due), kind, int(latency)))
    return sorted(found)


def short_waits_ms(samples):
    return [latency / 1000 - SHORT_MS for _, kind, latency in samples if kind == "short"]


def ideal_waits_ms(samples):
    """Waits of the short requests, had all arrivals met one queue before all threads."""
    service = {"short": SHORT_MS * 1000, "long": LONG_MS * 1000}
    waits = central_queue_waits([(due, service[kind]) for due, kind, _ in samples], BACKENDS * THREADS)
    return [wait / 1000 for wait, (_, kind, _) in zip(waits, samples) if kind == "short"]


def metric(text, name):
    """The largest value of a metric in Prometheus' text format, whatever its labels; None when it isn't there."""
    values = []
    for line in text.splitlines():
        if line.startswith(name) and line[len(name)] in " {":
            values.append(float(line.rsplit(" ", 1)[1]))
    return max(values, default=None)


def start(setup, processes, frontends):
    backends = [start_backend(setup, processes, THREADS) for _ in range(BACKENDS)]
    return Topology([start_frontend(setup, processes, backends) for _ in range(frontends)], backends)


def run(setup, options):
    seconds, rate = options.dispatch_seconds, arrival_rate()
    result = SuiteResult(
        "dispatch",
        f"{BACKENDS} backends of {THREADS} threads, load {LOAD:.0%} = {rate:.0f} requests/s for {len(SEEDS)} x "
        f"{seconds:g} s; waiting time of the {SHORT_MS} ms requests",
    )
    reason = AnteroomDynamic(setup).missing()
    if reason is not None:
        result.notes.append(f"skipped: {reason}")
        return result
    waits = {count: [] for count in FRONTENDS}
    ideal, runs = [], []
    try:
        with Processes(setup.scratch) as processes:
            topologies = {count: start(setup, processes, count) for count in FRONTENDS}
            for topology in topologies.values():
                for frontend in topology.frontends:
                    client.check_answer(frontend.port, "/diag/hello", b"hello world")
            for seed in SEEDS:
                found = _run_pair(setup, topologies, rate, seconds, seed)
                for count, (summary, samples) in found.items():
                    waits[count] += short_waits_ms(samples)
                    runs.append({"frontends": count, **summary})
                    _check_errors(result, count, summary)
                ideal += ideal_waits_ms(found[FRONTENDS[0]][1])
            running = _check_running(result, topologies)
    except (StartError, client.ClientError, OSError) as error:
        result.failures.append(str(error))
        return result

    rows = [_row("ideal central queue", ideal)]
    rows += [_row(f"{count} front end{'s' if count > 1 else ''}", waits[count]) for count in FRONTENDS]
    columns = ["topology", "", "short requests", "p50 ms", "p99 ms", "p99.9 ms", "max ms"]
    result.tables.append(Table("waiting time", columns, rows))
    one, two = (percentile(waits[count], 99.9) for count in FRONTENDS)
    judge(result, one, two, max(run["lateness_us"]["p999"] for run in runs) / 1000)
    result.versions["Anteroom"] = AnteroomDynamic(setup).version()
    result.data = {"rate": rate, "seconds": seconds, "runs": runs, "running_max": running,
                   "short_wait_p999_ms": {"ideal": percentile(ideal, 99.9), "1": one, "2": two}}  # fmt: skip
    return result


def _run_pair(setup, topologies, rate, seconds, seed):
    binary, started = setup.binary(OPENLOOP), {}
    try:
        for count, topology in topologies.items():
            samples = os.path.join(setup.scratch, f"samples-{count}-{seed}")
            addresses = [f"127.0.0.1:{frontend.port}" for frontend in topology.frontends]
            started[count] = (client.openloop(binary, addresses, KINDS, rate, seconds, seed, samples), samples)
        return {
            count: (client.finish_openloop(process, seconds + 60), read_samples(samples))
            for count, (process, samples) in started.items()
        }
    finally:
        for process, _ in started.values():
            if process.poll() is None:
                process.kill()
                process.wait()


def _check_errors(result, count, summary):
    for kind in summary["kinds"]:
        errors = kind["errors"]
        if errors["status"] or errors["connection"] or errors["unanswered"]:
            result.failures.append(f"{count} front ends, seed {summary['seed']}, {kind['name']} requests: {errors}")


def _check_running(result, topologies):
    """The promise that a backend never runs more handlers than it has threads, from the backends' own count."""
    found = []
    for topology in topologies.values():
        for backend in topology.backends:
            text = client.fetch(backend.admin_port, "/metrics").body.decode()
            highest = metric(text, "anteroom_backend_running_max")
            found.append(highest)
            if highest is None:
                result.failures.append("a backend does not report anteroom_backend_running_max")
            elif highest > THREADS:
                result.failures.append(f"a backend ran {highest:g} handlers at once on {THREADS} threads")
    return found


def judge(result, one, two, late_ms):
    """The goal, unless the client itself was so late that the waits are not the servers'."""
    result.notes.append(f"the client itself was late by {late_ms:.1f} ms at the 99.9th percentile; waits include that")
    if late_ms > MOST_LATE * one:
        result.notes.append("no verdict: too late for that; something else ran on this machine, repeat when it is quiet")
    else:
        result.goals.append(Goal("p99.9 of the waiting time, two front ends over one", two / one, 1.5))


def _row(name, waits):
    cells = [f"{percentile(waits, percent):.1f}" for percent in (50, 99, 99.9)]
    return [name, "", f"{len(waits):,}", *cells, f"{max(waits):.1f}"]
