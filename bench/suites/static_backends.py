"""Whether files care for the state of the backends: p99 of a file with all of them idle, all threads busy, all dead.

Three front ends with a backend each, one for each state, are up from beginning to end, and their rounds take turns. The
idle one has two turns a round: what these two differ by is what the machine does by itself. Open-loop arrivals, the same
in all turns of a round.
"""

import os
import signal
import socket
import time
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass

import client
from peers import AnteroomDynamic
from peers.anteroom import start_backend, start_frontend
from peers.base import missing_binaries
from processes import Processes, StartError
from samples import percentile
from suite_result import Goal, Table
from suites.crowd import scrape
from suites.throughput import progress, turns

OPENLOOP = "anteroom-bench-openloop"
PATH = "/static/1k.bin"
RATE = 2000       # files a second: a load that leaves the CPUs mostly idle
THREADS = 4       # of each backend
HELD = 2 * THREADS  # requests at a busy backend: as many wait as run
TURNS = ("idle", "idle again", "busy", "dead")
MOST_P99 = 1.1    # of idle
MOST_LATE = 0.1   # by how much the client's own lateness (p99) may differ between two states, as a share of idle's p99
DEADLINE = 10     # seconds, to reach a state


@dataclass(frozen=True)
class Round:
    p50_us: int
    p99_us: int
    late_us: int  # p99


@dataclass(frozen=True)
class State:
    """Medians of the rounds."""

    name: str
    p50_us: float
    p99_us: float
    late_us: float
    rounds: list


def make_state(name, rounds):
    values = {key: percentile([getattr(one, key) for one in rounds], 50) for key in ("p50_us", "p99_us", "late_us")}
    return State(name=name, rounds=[asdict(one) for one in rounds], **values)


def no_verdict(state, idle, again):
    """Why a state can't be judged; None when it can."""
    apart = max(idle.p99_us, again.p99_us) / max(1, min(idle.p99_us, again.p99_us))
    if apart > MOST_P99:
        return f"idle alone is {apart:.2f} times itself: something else ran on this machine, repeat when it is quiet"
    if abs(state.late_us - idle.late_us) > MOST_LATE * idle.p99_us:
        return f"the client itself was late by {state.late_us:.0f} us at p99, with idle backends by {idle.late_us:.0f}"
    return None


def judge(result, states):
    idle, again = states["idle"], states["idle again"]
    for name in ("busy", "dead"):
        if reason := no_verdict(states[name], idle, again):
            result.notes.append(f"p99 of a file, backends {name}: no verdict: {reason}")
        else:
            base = (idle.p99_us + again.p99_us) / 2
            result.goals.append(Goal(f"p99 of a file, backends {name} over idle", states[name].p99_us / base, MOST_P99))


def wait_for(what, reached):
    deadline = time.monotonic() + DEADLINE
    while not reached():
        if time.monotonic() > deadline:
            raise client.ClientError(f"{what} did not come about within {DEADLINE} s")
        time.sleep(0.02)


@contextmanager
def held(frontend, backend, seconds):
    """All threads of the backend run a handler and as many requests wait, from now to the end."""

    def running():
        return scrape(backend.admin_port).get("anteroom_backend_running", 0)

    request = f"GET /diag/sleep?ms={1000 * seconds:.0f} HTTP/1.1\r\nHost: bench.example\r\n\r\n".encode()
    with ExitStack() as stack:
        for _ in range(HELD):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", frontend.port), timeout=5))
            connection.sendall(request)
        wait_for("a backend with every thread busy", lambda: running() == THREADS)
        yield
        if (now := running()) != THREADS:
            raise client.ClientError(f"{now:.0f} of {THREADS} threads were busy at the end")


def kill(frontend, backend):
    os.kill(backend.server.pid, signal.SIGKILL)
    wait_for("a front end without links", lambda: scrape(frontend.admin_port).get("anteroom_pool_links") == 0)


def measure(setup, port, path, rate, seconds, seed):
    samples = os.path.join(setup.scratch, "static-openloop-samples")
    process = client.openloop(setup.binary(OPENLOOP), [f"127.0.0.1:{port}"], [("file", 1, path)], rate, seconds, seed,
                              samples)  # fmt: skip
    try:
        summary = client.finish_openloop(process, seconds + 60)
    finally:
        client.stop(process)
    (kind,) = summary["kinds"]
    errors = kind["errors"]
    if errors["status"] or errors["connection"] or errors["unanswered"]:
        raise client.ClientError(f"errors of the client of {path}: {errors}")
    return Round(kind["latency_us"]["p50"], kind["latency_us"]["p99"], summary["lateness_us"]["p99"])


def measure_all(setup, options):
    with open(setup.document, "rb") as file:
        body = file.read()
    rounds = {name: [] for name in TURNS}
    with Processes(setup.scratch) as processes:
        tiers = {}
        for name in ("idle", "busy", "dead"):
            backend = start_backend(setup, processes, THREADS)
            tiers[name] = (start_frontend(setup, processes, [backend]), backend)
            client.check_answer(tiers[name][0].port, "/diag/hello", b"hello world")
        kill(*tiers["dead"])
        for number, name in enumerate(turns(list(TURNS), options.rounds)):
            progress(f"static backends {name}")
            frontend, backend = tiers[name.split()[0]]
            with ExitStack() as stack:
                if name == "busy":
                    stack.enter_context(held(frontend, backend, options.static_seconds + DEADLINE))
                client.check_answer(frontend.port, PATH, body)
                seed = 1 + number // len(TURNS)
                rounds[name].append(measure(setup, frontend.port, PATH, RATE, options.static_seconds, seed))
    progress("")
    return {name: make_state(name, rounds[name]) for name in TURNS}


def table(states):
    idle = states["idle"]
    lines = [
        [one.name, "", f"{one.p50_us:.0f}", f"{one.p99_us:.0f}", f"{one.late_us:.0f}", f"{one.p99_us / idle.p99_us:.2f}"]
        for one in states.values()
    ]
    columns = ["backends", "", "p50 us", "p99 us", "client late p99 us", "p99 x"]
    return Table(f"1 KiB beside backends, open loop, {RATE} requests/s (x: as a multiple of idle)", columns, lines)


def run(setup, options, result):
    """Adds its table, goals and notes to `result`."""
    if reason := AnteroomDynamic(setup).missing() or missing_binaries(setup.binary(OPENLOOP)):
        result.notes.append(f"files beside backends: skipped: {reason}")
        return
    try:
        states = measure_all(setup, options)
    except (StartError, client.ClientError, ProcessLookupError, OSError) as error:
        result.failures.append(f"backends: {error}")
        return
    result.versions[AnteroomDynamic.name] = AnteroomDynamic(setup).version()
    result.tables.append(table(states))
    judge(result, states)
    result.data["backends"] = [asdict(one) for one in states.values()]
