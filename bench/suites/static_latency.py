"""How long a file takes at a load that every server carries easily, all at the same: open-loop arrivals.

The tables of static.py load each server as far as it goes, client and server on the same CPUs, and the faster server has
the less time of them left: what its p99 is there says how the scheduler shares them out. Here every server is asked for as
many files a second, at the same moments.
"""

from dataclasses import asdict, dataclass

import client
from peers import STATIC, Responder
from peers.base import missing_binaries
from processes import Processes
from samples import percentile
from suite_result import Goal, Table
from suites import static_cases, throughput
from suites.static_backends import MOST_LATE, OPENLOOP, measure
from suites.throughput import OURS, progress, turns

RATES = {"1k": 10_000, "100k": 2000, "10m": 25}  # a second: a quarter of what the slowest carries
SECONDS = {"10m": 4}  # times the length of a round: there have to be enough of them for a p99
PEERS = ("nginx", "h2o")


@dataclass(frozen=True)
class Row:
    """Medians of the rounds."""

    case: str
    title: str
    peer: str
    p50_us: float
    p99_us: float
    late_us: float
    rounds: list


def make_row(case, title, peer, rounds):
    values = {key: percentile([getattr(one, key) for one in rounds], 50) for key in ("p50_us", "p99_us", "late_us")}
    return Row(case, title, peer, rounds=[asdict(one) for one in rounds], **values)


def judge(result, rows):
    """No verdict where the client itself was late by more than a tenth of what it measured: that says nothing of servers."""
    found = {(row.case, row.peer): row for row in rows}
    for (case, name), mine in found.items():
        for peer in PEERS:
            theirs = found.get((case, peer))
            if name != OURS or theirs is None:
                continue
            what = f"p99 at the same load, {mine.title}, Anteroom over {peer}"
            late, least = max(mine.late_us, theirs.late_us), min(mine.p99_us, theirs.p99_us)
            if late > MOST_LATE * least:
                result.notes.append(f"{what}: no verdict: the client itself was late by {late:.0f} us of {least:.0f}: "
                                    "repeat when it is quiet")  # fmt: skip
            else:
                result.goals.append(Goal(what, mine.p99_us / theirs.p99_us, 1.0))


def table(rows):
    """The rows of one case, ours first."""
    ours = next((row for row in rows if row.peer == OURS), None)
    lines = []
    for row in rows:
        ratios = ["-"] * 2
        if ours is not None and row is not ours:
            ratios = [f"{ours.p50_us / row.p50_us:.2f}", f"{ours.p99_us / row.p99_us:.2f}"]
        lines.append([row.peer, f"{row.p50_us:.0f}", f"{row.p99_us:.0f}", f"{row.late_us:.0f}", *ratios])
    columns = ["server", "p50 us", "p99 us", "client late p99 us", "p50 x", "p99 x"]
    title = f"{rows[0].title}, open loop, {RATES[rows[0].case]:,} requests/s (x: Anteroom as a multiple of that server)"
    return Table(title, columns, lines)


def measure_case(setup, case, up, options, result):
    rounds = {name: [] for name in up}
    seconds = options.static_seconds * SECONDS.get(case.name, 1)
    for number, name in enumerate(turns(list(up), options.rounds)):
        if name not in up:
            continue
        progress(f"static latency {case.title} {name}")
        seed = 1 + number // len(rounds)
        try:
            rounds[name].append(measure(setup, up[name].port, case.path, RATES[case.name], seconds, seed))
        except (client.ClientError, OSError) as error:
            result.failures.append(f"latency: {name}: {error}")
            del up[name]
    progress("")
    return [make_row(case.name, case.title, name, rounds[name]) for name in up]


def run(setup, options, result):
    """Adds its tables, goals and notes to `result`."""
    if reason := missing_binaries(setup.binary(OPENLOOP)):
        result.notes.append(f"latency at the same load: skipped: {reason}")
        return
    rows = []
    with open(setup.document, "rb") as file:
        body = file.read()
    with Processes(setup.scratch) as processes:
        up, _ = throughput.start_all(setup, processes, [cls for cls in STATIC if cls is not Responder], result,
                                     lambda running: client.check_answer(running.port, running.path, body))  # fmt: skip
        for case in static_cases.make(setup, tuple(RATES), options.quick):
            for running in up.values():
                case.check(running.port)
            if measured := measure_case(setup, case, up, options, result):
                rows += measured
                result.tables.append(table(measured))
    judge(result, rows)
    result.data["latency"] = [asdict(row) for row in rows]
