"""Requests per second, latency and CPU time per request, all servers in one run, their rounds taking turns.

All servers of the suite are up from beginning to end; an idle one costs nothing. In each round every server gets its
turn once and the order shifts from round to round, so that whatever else the machine does hits all alike. The median
of the rounds counts.
"""

import os
import shutil
import sys
from dataclasses import asdict, dataclass

import client
from accounting import CpuMeter
from peers import DYNAMIC
from processes import Processes, StartError
from samples import percentile, spread
from suite_result import Goal, SuiteResult, Table

OURS = "Anteroom"
NOISY = 0.25  # a spread of CPU per request beyond which the rounds don't agree


@dataclass(frozen=True)
class Round:
    rate: float
    p50_us: int
    p99_us: int
    cpu_us: float      # per request, all processes of the server
    cpu_us_parts: dict  # the same by role
    errors: dict
    requests: int = 0
    bytes: int = 0     # of all answers, heads and what was under way at the end included

    @property
    def mib_s(self):
        return self.rate * self.bytes / max(self.requests, 1) / 2**20

    @property
    def cpu_us_mib(self):
        """Of what was sent, not of what was answered in full: at the end large answers are under way."""
        return self.cpu_us * max(self.requests, 1) / (self.bytes / 2**20) if self.bytes else 0.0


@dataclass(frozen=True)
class Row:
    """One server at one number of connections: medians of its rounds."""

    peer: str
    connections: int
    rate: float
    p50_us: float
    p99_us: float
    cpu_us: float
    cpu_us_parts: dict
    noise: float  # spread of cpu_us over the rounds
    errors: dict
    rounds: list
    mib_s: float
    cpu_us_mib: float


def make_row(peer, connections, rounds):
    def median(values):
        return percentile(list(values), 50)

    errors = {}
    for one in rounds:
        for kind, count in one.errors.items():
            errors[kind] = errors.get(kind, 0) + count
    return Row(
        peer=peer,
        connections=connections,
        rate=median(one.rate for one in rounds),
        p50_us=median(one.p50_us for one in rounds),
        p99_us=median(one.p99_us for one in rounds),
        cpu_us=median(one.cpu_us for one in rounds),
        cpu_us_parts={
            role: median(one.cpu_us_parts[role] for one in rounds) for role in rounds[0].cpu_us_parts
        },
        noise=spread([one.cpu_us for one in rounds]),
        errors=errors,
        rounds=[asdict(one) for one in rounds],
        mib_s=median(one.mib_s for one in rounds),
        cpu_us_mib=median(one.cpu_us_mib for one in rounds),
    )  # fmt: skip


def turns(peers, rounds):
    """The order of the rounds: every peer once a round, the first one moving on: ABC, BCA, CAB, ..."""
    for number in range(rounds if peers else 0):
        shift = number % len(peers)
        yield from peers[shift:] + peers[:shift]


def measure(running, connections, seconds, threads, request=client.GET):
    """One round."""
    meters = [(role, CpuMeter([server.pid])) for role, server in running.parts]
    load = client.wrk(running.url, connections, seconds, threads, request)
    parts = {role: meter.seconds() * 1e6 / max(load.requests, 1) for role, meter in meters}
    errors = dict(load.errors)
    if load.requests == 0:
        errors["no answer"] = 1
    return Round(load.rate, load.p50_us, load.p99_us, sum(parts.values()), parts, errors, load.requests, load.bytes)


def table(connections, rows, title):
    """Our row first; the ratios of the others say what Anteroom is as a multiple of them."""
    ours = next((row for row in rows if row.peer == OURS), None)
    columns = ["server", "", "req/s", "p50 us", "p99 us", "CPU us/req", "front", "back", "noise",
               "req/s x", "p50 x", "p99 x", "CPU x"]  # fmt: skip
    lines = []
    for row in rows:
        parts = row.cpu_us_parts
        ratios = ["-"] * 4
        if ours is not None and row is not ours:
            pairs = ((ours.rate, row.rate), (ours.p50_us, row.p50_us), (ours.p99_us, row.p99_us),
                     (ours.cpu_us, row.cpu_us))  # fmt: skip
            ratios = [f"{mine / theirs:.2f}" if theirs else "-" for mine, theirs in pairs]
        lines.append([
            row.peer, "INVALID" if row.errors else "", f"{row.rate:,.0f}", f"{row.p50_us:.0f}", f"{row.p99_us:.0f}",
            f"{row.cpu_us:.1f}", f"{parts['front']:.1f}", f"{parts['back']:.1f}" if "back" in parts else "-",
            f"{100 * row.noise:.0f} %", *ratios,
        ])  # fmt: skip
    plural = "connection" if connections == 1 else "connections"
    return Table(f"{title}, {connections} {plural} (x: Anteroom as a multiple of that server)", columns, lines)


def goals(rows):
    """The project's own targets, as far as both servers of a comparison have been measured."""
    found = {(row.peer, row.connections): row for row in rows if not row.errors}
    wanted = []

    def compare(peer, connections, what, value, limit, at_least=False):
        mine, theirs = found.get((OURS, connections)), found.get((peer, connections))
        if mine and theirs and value(theirs):
            text = f"{what} at {connections}, Anteroom over {peer}"
            wanted.append(Goal(text, value(mine) / value(theirs), limit, at_least=at_least))

    haproxy = "HAProxy + origin"
    compare(haproxy, 1, "median latency", lambda row: row.p50_us, 1.8)
    for connections, cpu, rate in ((64, 0.70, 1.2), (256, 0.55, 1.5)):
        compare(haproxy, connections, "CPU per request", lambda row: row.cpu_us, cpu)
        compare(haproxy, connections, "requests/s", lambda row: row.rate, rate, at_least=True)
        compare(haproxy, connections, "p99", lambda row: row.p99_us, 1.0)
    return wanted


def run(setup, options):
    result = SuiteResult("dynamic", "GET /diag/hello through each proxy to its backend, keep-alive")
    if shutil.which("wrk") is None:
        result.failures.append("wrk is not there")
        return result
    with Processes(setup.scratch) as processes:
        up, heads = start_all(setup, processes, DYNAMIC, result,
                              lambda running: client.check_answer(running.port, running.path, b"hello world"))  # fmt: skip
        all_rows = []
        for connections in options.connections:
            if rows := measure_all(up, connections, options, result):
                all_rows += rows
                result.tables.append(table(connections, rows, "dynamic"))
    note_noise(result, all_rows)
    result.goals = goals(all_rows)
    result.data = {"rows": [asdict(row) for row in all_rows], "response_fields": heads}
    return result


def start_all(setup, processes, classes, result, check):
    """Starts every peer that is here and has `check` ask it once; by name what runs, and the fields of those answers."""
    up, heads = {}, {}
    for peer in (cls(setup) for cls in classes):
        reason = peer.missing()
        if reason is not None:
            result.notes.append(f"{peer.name} skipped: {reason}")
            continue
        try:
            running = peer.start(processes)
            answer = check(running)
        except (StartError, client.ClientError, OSError) as error:
            result.failures.append(f"{peer.name}: {error}")
            continue
        up[peer.name] = running
        heads[peer.name] = [f"{name}: {value}" for name, value in answer.fields]
        result.versions[peer.name] = peer.version()
        result.notes.append(f"{peer.name}: {peer.about}")
    return up, heads


def note_noise(result, rows):
    if noisy := [row for row in rows if row.noise > NOISY]:
        result.notes.append(f"the rounds of {len(noisy)} of {len(rows)} rows differ by more than {NOISY:.0%}: "
                            "something else ran on this machine, repeat when it is quiet")  # fmt: skip
    if not rows:
        result.failures.append("nothing was measured")


def measure_all(up, connections, options, result, requests=None, what=""):
    """A row for each server of `up`; one that fails leaves `up`, so that it is reported once.

    `requests`: what each is asked, by name; default: plain GETs. `what` they are, for messages.
    """
    rounds = {name: [] for name in up}
    requests = requests or {name: client.GET for name in up}

    def attempt(name, load):
        progress(f"{result.name} {what} c={connections} {name}")
        try:
            return load(up[name])
        except (ProcessLookupError, client.ClientError) as error:
            why = "; ".join(up.pop(name).obituaries()) or str(error)
            result.failures.append(f"{name}{of} at {connections} connections: {why}")
            return None

    of = f", {what}" if what else ""
    for name in list(up) if options.warmup else ():
        attempt(name, lambda peer: client.wrk(peer.url, connections, options.warmup, options.wrk_threads, requests[name]))
    for name in turns(list(up), options.rounds):
        if name in up:
            one = attempt(name, lambda peer: measure(peer, connections, options.seconds, options.wrk_threads,
                                                       requests[name]))  # fmt: skip
            if one is not None:
                rounds[name].append(one)
    progress("")
    rows = [make_row(name, connections, rounds[name]) for name in up]
    for row in rows:
        if row.errors:
            result.failures.append(f"{row.peer}{of} at {connections} connections: {row.errors}")
    return rows


def progress(text):
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        sys.stderr.write(f"\r\033[K{text}")
        sys.stderr.flush()
