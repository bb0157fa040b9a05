"""Files: CPU time, latency and throughput beside nginx and h2o, with the minimal responder as the floor.

Sizes from 1 KiB to 10 MiB, many files with a Zipf access pattern, 304s, ranges and precompressed files; what a second
loop adds (static_loops); how long files take at the same load (static_latency); and whether files care for the state of the backends (static_backends).
"""

import argparse
import shutil
from dataclasses import asdict, replace

import client
from peers import STATIC, Responder
from processes import Processes
from samples import spread
from suite_result import Goal, SuiteResult, Table
from suites import static_backends, static_cases, static_latency, static_loops, throughput
from suites.throughput import OURS

PARTS = (*static_cases.NAMES, "latency", "loops", "backends")
COUNTS = (1, 64, 256)   # connections
MAIN = 64               # where the goals are
PER_BYTE = ("100k", "10m")  # what is sent costs more than what is asked
PEERS = ("nginx", "h2o")


def goals(rows):
    """`rows`: (case's name, title, Row)."""
    found = {(case, row.peer): row for case, _, row in rows if row.connections == MAIN and not row.errors}
    titles = {case: title for case, title, _ in rows}
    wanted = []

    def compare(case, peer, what, value, limit):
        mine, theirs = found.get((case, OURS)), found.get((case, peer))
        if mine and theirs and value(theirs):
            text = f"{what}, {titles[case]} at {MAIN}, Anteroom over {peer}"
            wanted.append(Goal(text, value(mine) / value(theirs), limit))

    for peer, limit in (("h2o", 0.95), ("nginx", 0.80), (Responder.name, 1.20)):
        compare("1k", peer, "CPU per request", lambda row: row.cpu_us, limit)
    for case in PER_BYTE:
        compare(case, "nginx", "CPU per byte", lambda row: row.cpu_us_mib, 1.0)
    for case in ("1k", *PER_BYTE):
        for peer in PEERS:
            compare(case, peer, "p99", lambda row: row.p99_us, 1.0)
    return wanted


def table(case, connections, rows, unsupported):
    """Our row first; `unsupported` are the names of servers that can't answer this."""
    per_byte = case.name in PER_BYTE
    ours = next((row for row in rows if row.peer == OURS), None)
    lines = []
    for row in rows:
        ratios = ["-"] * 3
        if ours is not None and row is not ours:
            cost = (ours.cpu_us_mib, row.cpu_us_mib) if per_byte else (ours.cpu_us, row.cpu_us)
            pairs = ((ours.rate, row.rate), (ours.p99_us, row.p99_us), cost)
            ratios = [f"{mine / theirs:.2f}" if theirs else "-" for mine, theirs in pairs]
        lines.append([
            row.peer, "INVALID" if row.errors else "", f"{row.rate:,.0f}", f"{row.mib_s:,.0f}", f"{row.p50_us:.0f}",
            f"{row.p99_us:.0f}", f"{row.cpu_us:.1f}", f"{row.cpu_us_mib:.0f}" if per_byte else "-",
            f"{100 * row.noise:.0f} %", *ratios,
        ])  # fmt: skip
    lines += [[name, "not supported", *["-"] * 10] for name in unsupported]
    columns = ["server", "", "req/s", "MiB/s", "p50 us", "p99 us", "CPU us/req", "CPU us/MiB", "noise",
               "req/s x", "p99 x", "CPU x"]  # fmt: skip
    plural = "connection" if connections == 1 else "connections"
    return Table(f"{case.title}, {connections} {plural} (x: Anteroom as a multiple of that server)", columns, lines)


def check_all(case, up, result):
    """Asks every server for the case: by name what is Ready, and the names of those that don't support it."""
    ready, unsupported = {}, []
    for name, running in up.items():
        if name == Responder.name and not case.has_floor:
            continue
        try:
            ready[name] = case.check(running.port)
        except static_cases.NotSupported as reason:
            unsupported.append(name)
            result.notes.append(f"{name}, {case.title}: not supported: {reason}")
        except (client.ClientError, OSError) as error:
            result.failures.append(f"{name}, {case.title}: {error}")
    return ready, unsupported


def lengths(options, case, connections, first):
    """The options for one table. The goals rest on all rounds, the rest of the picture on a third of them."""
    changes = {
        "seconds": options.static_seconds * case.seconds,
        "rounds": options.rounds if connections == MAIN else max(1, round(options.rounds / 3)),
        "warmup": options.warmup if first and not options.quick else 0,
    }
    return argparse.Namespace(**{**vars(options), **changes})


def counts(case, chosen):
    """At how many connections a case is measured."""
    chosen = chosen or COUNTS
    return chosen if case.every_count else [MAIN if MAIN in chosen else chosen[0]]


def spread_per_byte(row):
    return spread([one["cpu_us"] * one["requests"] / max(one["bytes"], 1) for one in row.rounds])


def measure_case(case, up, options, result):
    """(case, title, Row) of every server and number of connections, and the fields of the answers."""
    rows = []
    ready, unsupported = check_all(case, up, result)
    servers = {name: replace(up[name], path=case.path) for name in ready}
    for connections in counts(case, options.static_connections):
        requests = {name: ready[name].request for name in servers}
        own = lengths(options, case, connections, first=not rows)
        measured = throughput.measure_all(servers, connections, own, result, requests, case.title)
        if case.name in PER_BYTE:
            measured = [replace(row, noise=spread_per_byte(row)) for row in measured]
        for row in measured:
            if why := static_cases.check_load(row.peer, case.title, row, ready[row.peer]):
                result.failures.append(why)
        if measured or unsupported:
            result.tables.append(table(case, connections, measured, unsupported))
        rows += [(case.name, case.title, row) for row in measured]
    for name in set(ready) - set(servers):
        del up[name]  # it failed and said so
    return rows, {name: [f"{key}: {value}" for key, value in one.fields] for name, one in ready.items()}


def measure_cases(setup, options, wanted, result):
    rows, fields = [], {}
    cases = static_cases.make(setup, wanted, options.quick)
    with open(setup.document, "rb") as file:
        body = file.read()
    with Processes(setup.scratch) as processes:
        up, _ = throughput.start_all(setup, processes, STATIC, result,
                                     lambda running: client.check_answer(running.port, running.path, body))  # fmt: skip
        for case in cases:
            measured, fields[case.name] = measure_case(case, up, options, result)
            rows += measured
    throughput.note_noise(result, [row for _, _, row in rows])
    result.goals += goals(rows)
    result.data["rows"] = [{"case": case, **asdict(row)} for case, _, row in rows]
    result.data["response_fields"] = fields


def run(setup, options):
    result = SuiteResult("static", "GET of files, keep-alive")
    if shutil.which("wrk") is None:
        result.failures.append("wrk is not there")
        return result
    wanted = options.only or PARTS
    if any(name in wanted for name in static_cases.NAMES):
        measure_cases(setup, options, wanted, result)
    if "latency" in wanted:
        static_latency.run(setup, options, result)
    if "loops" in wanted:
        static_loops.run(setup, options, result)
    if "backends" in wanted:
        static_backends.run(setup, options, result)
    return result
