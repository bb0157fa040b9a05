"""One body of 2 GiB each way: the front end's memory, and how fast it goes, beside nginx."""

from dataclasses import asdict, dataclass

import client
from accounting import peak_rss_bytes, reset_peak_rss
from peers import AnteroomDynamic, NginxOrigin
from peers.anteroom import start_backend, start_frontend
from peers.base import Running, missing_binaries
from processes import Processes, StartError
from suite_result import Goal, SuiteResult, Table
from suites.slow import SLOWCLIENTS

FULL, QUICK = 2 * 2**30, 8 * 2**20
MOST_RSS_MIB = 64
CHUNK = 65_536
SECONDS = 300  # at most, for one body

LIMITS = {"body": "4GiB"}
SPOOL = {"total": "8GiB"}
BACKEND_FLAGS = ("--max-request-body", "4GiB", "--max-buffered-bytes", "8GiB")

# Streams the body and answers its SHA-256, so the backend need not hold it.
DIGEST = "/diag/digest"


@dataclass(frozen=True)
class Body:
    peer: str
    direction: str
    bytes: int
    seconds: float
    rss_before: int
    rss_peak: int  # of the front end or proxy, all its processes


@dataclass(frozen=True)
class Target:
    """A server that is up, and where its bodies go and come from."""

    running: Running
    upload: str     # empty: it can't take one
    download: str
    check: bool     # it answers what shows that every byte is right


def start_ours(setup, processes, count):
    backend = start_backend(setup, processes, setup.backend_threads, BACKEND_FLAGS)
    frontend = start_frontend(setup, processes, [backend], LIMITS, SPOOL)
    upload = DIGEST if client.fetch(frontend.port, DIGEST, body=b"x").status == 200 else ""
    running = Running(frontend.port, "/", [("front", frontend.server), ("back", backend.server)])
    return Target(running, upload, f"/diag/bytes?n={count}&chunk={CHUNK}", True)


def start_nginx(setup, processes, count):
    running = NginxOrigin(setup).start(processes)
    return Target(running, "/diag/hello", f"/diag/bytes?n={count}", False)


def measure(setup, name, target, direction, count):
    path = target.upload if direction == "up" else target.download
    what = client.SlowClients(
        direction, path, 1, count, 10**12, 0, period_ms=1, timeout=SECONDS, receive_buffer=0, max_segment_size=0,
        check=target.check,
    )  # fmt: skip
    pids = target.running.parts[0][1].pids()
    before = peak_rss_bytes(pids)
    reset_peak_rss(pids)
    process = client.start_slowclients(setup.binary(SLOWCLIENTS), target.running.port, what)
    try:
        summary = client.finish_slowclients(process, SECONDS + 60)
    finally:
        client.stop(process)
    if summary["completed"] != 1:
        raise client.ClientError(f"a {direction}load of {count} bytes failed: {summary['errors']}")
    return Body(name, direction, count, summary["seconds"]["max"], before, peak_rss_bytes(pids))


def goals(found):
    return [
        Goal(f"front end's memory while {one.bytes / 2**20:.0f} MiB go {one.direction}", one.rss_peak / 2**20,
             MOST_RSS_MIB, " MiB")
        for one in found if one.peer == AnteroomDynamic.name
    ]  # fmt: skip


def run(setup, options):
    count = QUICK if options.quick else FULL
    result = SuiteResult("large", f"one body of {count / 2**20:.0f} MiB each way, through each proxy to its backend")
    found = []
    for peer, start in ((AnteroomDynamic(setup), start_ours), (NginxOrigin(setup), start_nginx)):
        if reason := peer.missing() or missing_binaries(setup.binary(SLOWCLIENTS)):
            result.notes.append(f"{peer.name} skipped: {reason}")
            continue
        try:
            with Processes(setup.scratch) as processes:
                target = start(setup, processes, count)
                for direction in ("up", "down"):
                    if direction == "up" and not target.upload:
                        result.notes.append(f"{peer.name}: no upload, its backend has no {DIGEST}")
                        continue
                    found.append(measure(setup, peer.name, target, direction, count))
        except (StartError, client.ClientError, ProcessLookupError, OSError) as error:
            result.failures.append(f"{peer.name}: {error}")
            continue
        finally:
            result.versions[peer.name] = peer.version()
    result.tables.append(_table(found, count))
    result.goals = goals(found)
    result.data = {"rows": [asdict(one) for one in found]}
    return result


def _table(found, count):
    rows = [
        [one.peer, f"{one.direction}load", f"{one.seconds:.2f}", f"{one.bytes / 2**20 / one.seconds:,.0f}",
         f"{one.rss_before / 2**20:.1f}", f"{one.rss_peak / 2**20:.1f}"]
        for one in found
    ]  # fmt: skip
    return Table(f"{count / 2**20:.0f} MiB", ["server", "", "seconds", "MiB/s", "RSS before MiB", "RSS peak MiB"], rows)
