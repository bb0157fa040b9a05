"""Two thousand slow clients at once: what they take from backend threads and from memory.

Each uploads, then each downloads, 2 MiB at 20 KiB/s. Bodies of some 4 GiB are under way, in a front end that may hold a
sixteenth of that in memory, while the backend runs each handler as briefly as if the client were as fast as any.
"""

import json
import os
import threading
import time
from dataclasses import asdict, dataclass

import client
from accounting import peak_rss_bytes, reset_peak_rss
from peers import AnteroomDynamic
from peers.anteroom import start_backend, start_frontend
from processes import Processes, StartError
from samples import percentile
from suite_result import Goal, SuiteResult, Table
from suites.slow import SLOWCLIENTS, Size, crowd_of, incomplete, missing, wrong_bytes

THREADS = 8
FULL = Size(2000, 2 * 2**20, 20 * 1024, 20)
QUICK = Size(40, 100_000, 50_000, 0.5)
PERIOD_MS = 200  # two thousand clients that each move 4 KiB at a time
QUIET = 20       # transfers without a crowd, for comparison

BUFFERS_MIB = 256
LIMITS = {"buffers": f"{BUFFERS_MIB}MiB", "body": "16MiB"}
SPOOL = {"memory_per_body": "64KiB", "total": "8GiB"}
MOST_RSS_MIB = 1.1 * BUFFERS_MIB
MOST_HELD_MS = 100  # longer than the handler needs

_SAMPLE_SECONDS = 0.1
_LOG_SECONDS = 10  # for the last lines of the access log to come


class RunningGauge:
    """Thread-seconds that a backend spent in requests while a block ran, from samples of its gauge."""

    def __init__(self, admin_port):
        self._admin_port = admin_port
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample)
        self.thread_seconds = 0.0
        self.samples = 0

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _sample(self):
        last = time.monotonic()
        while not self._stop.wait(_SAMPLE_SECONDS):
            try:
                running = scrape(self._admin_port).get("anteroom_backend_running", 0)
            except OSError:
                continue  # a busy machine: the next sample stands for the time of this one, too
            now = time.monotonic()
            self.thread_seconds += running * (now - last)
            self.samples += 1
            last = now


def scrape(admin_port):
    return parse_metrics(client.fetch(admin_port, "/metrics").body.decode())


def parse_metrics(text):
    """Name -> the sum over all labels."""
    found = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            name = name.partition("{")[0]
            found[name] = found.get(name, 0) + float(value)
    return found


def runs_ms(path, expected, deadline_s=_LOG_SECONDS):
    """`run_ms` of each of the exchanges that the access log holds; waits until there are `expected` of them."""
    deadline = time.monotonic() + deadline_s
    while True:
        with open(path, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file.read().split("\n")[:-1]]
        if len(lines) >= expected or time.monotonic() > deadline:
            return [line["run_ms"] for line in lines if "run_ms" in line]
        time.sleep(0.1)


@dataclass(frozen=True)
class Found:
    direction: str
    quiet_run_ms: float     # median of the handler alone
    run_ms: list            # of each exchange of the crowd
    held_ms: float          # mean time that a request had a thread
    mean_run_ms: float      # mean time that its handler ran, by the backend's own count
    rss: dict               # role -> peak bytes
    crowd: dict             # the summary of anteroom-bench-slowclients


def measure(setup, direction, size):
    """With a front end and a backend of its own, so that no memory is left over from the other direction."""
    log = os.path.join(setup.scratch, f"crowd-{direction}.log")
    with Processes(setup.scratch) as processes:
        backend = start_backend(setup, processes, THREADS)
        frontend = start_frontend(setup, processes, [backend], LIMITS, SPOOL, log)
        crowd = crowd_of(direction, size)
        fast = client.SlowClients(direction, crowd.path, 1, size.bytes, 10**12, 0, period_ms=1, timeout=30)
        for _ in range(QUIET):
            one = client.finish_slowclients(client.start_slowclients(setup.binary(SLOWCLIENTS), frontend.port, fast), 60)
            if one["completed"] != 1:
                raise client.ClientError(f"{direction}: a single transfer failed: {one['errors']}")
        quiet = runs_ms(log, QUIET)
        servers = {"front": frontend.server, "back": backend.server}
        for server in servers.values():
            reset_peak_rss(server.pids())
        before = scrape(backend.admin_port)
        crowd = client.SlowClients(**{**asdict(crowd), "period_ms": PERIOD_MS})
        process = client.start_slowclients(setup.binary(SLOWCLIENTS), frontend.port, crowd)
        try:
            with RunningGauge(backend.admin_port) as gauge:
                summary = client.finish_slowclients(process, 4 * size.seconds + 30)
        finally:
            client.stop(process)
        after = scrape(backend.admin_port)
        runs = runs_ms(log, QUIET + size.count)[len(quiet):]
        rss = {role: peak_rss_bytes(server.pids()) for role, server in servers.items()}
    name = "anteroom_backend_handler_duration_seconds"
    ended = after[f"{name}_count"] - before[f"{name}_count"]
    ran = after[f"{name}_sum"] - before[f"{name}_sum"]
    return Found(
        direction=direction,
        quiet_run_ms=percentile(quiet, 50),
        run_ms=runs,
        held_ms=1000 * gauge.thread_seconds / max(ended, 1),
        mean_run_ms=1000 * ran / max(ended, 1),
        rss=rss,
        crowd=summary,
    )


def judge(result, found):
    what = f"{found.crowd['count']} slow {found.direction}loads"
    if wrong := wrong_bytes([found.crowd]):
        result.failures.append(f"{what}: {wrong} got something else than they had to")
    result.goals.append(Goal(f"{what} that did not succeed", incomplete(found.crowd), 0))
    if found.run_ms:
        longest = max(found.run_ms) - found.quiet_run_ms
        result.goals.append(Goal(f"{what}: the longest run of a handler, less the median of one alone", longest,
                                 MOST_HELD_MS, " ms"))  # fmt: skip
    held = found.held_ms - found.mean_run_ms
    result.goals.append(Goal(f"{what}: a thread's time with a request, less the handler's, mean", held, MOST_HELD_MS, " ms"))
    result.goals.append(Goal(f"{what}: front end's memory", found.rss["front"] / 2**20, MOST_RSS_MIB, " MiB"))


def run(setup, options):
    size = QUICK if options.quick else FULL
    result = SuiteResult(
        "crowd",
        f"{size.count} clients at once, {size.bytes} bytes at {size.rate} bytes/s each, limits.buffers {LIMITS['buffers']}; "
        f"{size.seconds:.0f} s a direction",
    )
    if reason := missing(setup):
        result.notes.append(f"skipped: {reason}")
        return result
    all_found = []
    for direction in ("up", "down"):
        try:
            all_found.append(measure(setup, direction, size))
        except (StartError, client.ClientError, ProcessLookupError, OSError) as error:
            result.failures.append(f"{direction}: {error}")
            continue
        judge(result, all_found[-1])
    result.tables.append(_table(all_found, size))
    result.versions[AnteroomDynamic.name] = AnteroomDynamic(setup).version()
    result.data = {"size": asdict(size), "rows": [asdict(found) for found in all_found]}
    return result


def _table(all_found, size):
    rows = []
    for found in all_found:
        summary = found.crowd
        runs = [f"{percentile(found.run_ms, 50):.1f}", f"{max(found.run_ms):.1f}"] if found.run_ms else ["-", "-"]
        rows.append([
            f"{found.direction}loads", "INVALID" if wrong_bytes([summary]) else "",
            f"{summary['completed']} of {summary['count']}",
            f"{summary['seconds']['max']:.1f}" if summary["seconds"] else "-",
            f"{found.quiet_run_ms:.1f}", *runs, f"{found.mean_run_ms:.1f}", f"{found.held_ms:.1f}",
            f"{found.rss['front'] / 2**20:.0f}", f"{found.rss['back'] / 2**20:.0f}", f"{summary['cpu_seconds']:.1f}",
        ])  # fmt: skip
    columns = ["", "", "done", "slowest s", "run alone ms", "p50 ms", "max ms", "mean ms", "held ms", "front MiB",
               "back MiB", "client CPU s"]  # fmt: skip
    return Table(f"{size.count} slow clients", columns, rows)
