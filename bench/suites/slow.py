"""Fast clients beside slow ones: the test that separates front ends that buffer from those that pass slowness on.

64 keep-alive clients ask for a handler of 5 ms on eight threads, first alone, then beside 200 clients that upload slowly,
200 that download slowly, and both. A slow client that held a thread would take an eighth of what the fast ones get.
"""

from dataclasses import asdict, dataclass

import client
from accounting import peak_rss_bytes, reset_peak_rss, rss_bytes
from peers import AnteroomDynamic
from peers.anteroom import start_backend, start_frontend
from peers.base import missing_binaries
from processes import Processes, StartError
from suite_result import Goal, SuiteResult, Table

SLOWCLIENTS = "anteroom-bench-slowclients"
FAST = 64
THREADS = 8
PATH = "/diag/sleep?ms=5"
PHASES = (("uploads", ("up",)), ("downloads", ("down",)), ("uploads and downloads", ("up", "down")))

LEAST_KEPT = 0.97    # of the throughput that the fast clients have alone
MOST_GROWTH_MIB = 64  # of resident memory, both tiers together


@dataclass(frozen=True)
class Size:
    """Of a crowd."""

    count: int
    bytes: int
    rate: int     # bytes a second of each
    ramp: float   # seconds

    @property
    def seconds(self):
        """From the first client's start to the last one's end, when nobody holds them up."""
        return self.ramp + self.bytes / self.rate


FULL = Size(200, 2**20, 50_000, 5)
QUICK = Size(20, 100_000, 50_000, 0.5)


def crowd_of(direction, size):
    path = "/diag/echo" if direction == "up" else f"/diag/bytes?n={size.bytes}"
    return client.SlowClients(direction, path, size.count, size.bytes, size.rate, size.ramp, timeout=3 * size.seconds)


def missing(setup):
    return AnteroomDynamic(setup).missing() or missing_binaries(setup.binary(SLOWCLIENTS))


def incomplete(summary):
    return summary["count"] - summary["completed"]


def wrong_bytes(summaries):
    """What makes a run invalid: bytes that were not those that had to come."""
    return sum(summary["errors"]["mismatch"] + summary["errors"]["malformed"] for summary in summaries)


@dataclass(frozen=True)
class Phase:
    name: str
    rate: float         # of the fast clients
    quiet_rate: float   # of the same right before
    p99_us: int
    growth: dict        # role -> bytes of resident memory, peak of the phase over what it was before all of them
    crowds: list        # the summaries of anteroom-bench-slowclients
    errors: dict        # of the fast clients

    @property
    def kept(self):
        return self.rate / self.quiet_rate if self.quiet_rate else 0


def run_phase(setup, frontend, backend, name, directions, size, before, options):
    url = f"http://127.0.0.1:{frontend.port}{PATH}"
    quiet = client.wrk(url, FAST, options.slow_quiet_seconds, options.wrk_threads)
    servers = {"front": frontend.server, "back": backend.server}
    for server in servers.values():
        reset_peak_rss(server.pids())
    crowds = []
    try:
        for direction in directions:
            crowds.append(client.start_slowclients(setup.binary(SLOWCLIENTS), frontend.port, crowd_of(direction, size)))
        beside = client.wrk(url, FAST, round(size.seconds) + 1, options.wrk_threads)
        summaries = [client.finish_slowclients(crowd, 4 * size.seconds + 30) for crowd in crowds]
    finally:
        for crowd in crowds:
            client.stop(crowd)
    growth = {role: peak_rss_bytes(server.pids()) - before[role] for role, server in servers.items()}
    errors = {**quiet.errors, **beside.errors}
    return Phase(name, beside.rate, quiet.rate, beside.p99_us, growth, summaries, errors)


def judge(result, phase):
    if phase.errors:
        result.failures.append(f"{phase.name}: errors of the fast clients: {phase.errors}")
    if wrong := wrong_bytes(phase.crowds):
        result.failures.append(f"{phase.name}: {wrong} slow clients got something else than they had to")
    what = f"beside slow {phase.name}: the fast clients' requests/s, of what they have alone"
    result.goals.append(Goal(what, phase.kept, LEAST_KEPT, at_least=True))
    what = f"beside slow {phase.name}: growth of both ends' memory"
    result.goals.append(Goal(what, sum(phase.growth.values()) / 2**20, MOST_GROWTH_MIB, " MiB"))
    lost = sum(incomplete(summary) for summary in phase.crowds)
    result.goals.append(Goal(f"slow {phase.name} that did not succeed", lost, 0))


def table(phases, size):
    rows = []
    for phase in phases:
        slowest = max((summary["seconds"]["max"] for summary in phase.crowds if summary["seconds"]), default=0)
        rows.append([
            phase.name, "INVALID" if phase.errors or wrong_bytes(phase.crowds) else "", f"{phase.quiet_rate:,.0f}",
            f"{phase.rate:,.0f}", f"{100 * phase.kept:.1f} %", f"{phase.p99_us / 1000:.1f}",
            f"{phase.growth['front'] / 2**20:.1f}", f"{phase.growth['back'] / 2**20:.1f}",
            f"{sum(summary['completed'] for summary in phase.crowds)} of "
            f"{sum(summary['count'] for summary in phase.crowds)}", f"{slowest:.1f}",
        ])  # fmt: skip
    columns = ["beside", "", "alone req/s", "req/s", "kept", "p99 ms", "front +MiB", "back +MiB", "slow done", "slowest s"]
    title = f"{FAST} fast clients beside {size.count} slow ones ({size.bytes} bytes at {size.rate} bytes/s)"
    return Table(title, columns, rows)


def run(setup, options):
    size = QUICK if options.quick else FULL
    result = SuiteResult(
        "slow",
        f"{FAST} clients of a handler of 5 ms on {THREADS} threads, beside {size.count} clients that take "
        f"{size.bytes / size.rate:.0f} s for their body",
    )
    if reason := missing(setup):
        result.notes.append(f"skipped: {reason}")
        return result
    phases = []
    try:
        with Processes(setup.scratch) as processes:
            backend = start_backend(setup, processes, THREADS)
            frontend = start_frontend(setup, processes, [backend])
            client.check_answer(frontend.port, PATH, b"slept")
            client.wrk(f"http://127.0.0.1:{frontend.port}{PATH}", FAST, options.warmup, options.wrk_threads)
            before = {"front": rss_bytes(frontend.server.pids()), "back": rss_bytes(backend.server.pids())}
            for name, directions in PHASES:
                phases.append(run_phase(setup, frontend, backend, name, directions, size, before, options))
                judge(result, phases[-1])
    except (StartError, client.ClientError, ProcessLookupError, OSError) as error:
        result.failures.append(str(error))
    result.tables.append(table(phases, size))
    result.versions[AnteroomDynamic.name] = AnteroomDynamic(setup).version()
    result.data = {"size": asdict(size), "phases": [asdict(phase) for phase in phases]}
    return result
