"""What a second loop adds, on a machine that has no CPUs to spare for the client.

One loop and one thread of wrk share one CPU; then two loops and two threads of wrk share two. Everything is doubled, the
client as well, so it is never more of a limit than before. The pace of a server with CPUs enough is set by its busiest
thread: what that thread costs per request with one loop, over what the busiest of two costs, is the gain. It holds only
while nobody waits for anything but a CPU, so the CPUs have to be busy, and both loops have to run at the same time. The
minimal responder's threads share nothing: what it gains is what the machine gives.
"""

import os
import resource
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace

import client
from accounting import CpuMeter, process_tree, thread_cpu_ns
from peers import AnteroomStatic, NginxStatic, Responder
from processes import Processes, StartError
from samples import percentile
from suite_result import Goal, Table
from suites.throughput import progress, turns

CLASSES = (AnteroomStatic, NginxStatic, Responder)
CONNECTIONS = 64       # for each loop
LEAST_GAIN = 1.8
LEAST_BUSY = 0.9       # of the CPUs, by server and client together
LEAST_PARALLEL = 1.05  # CPUs that two loops used: more than one can


@dataclass(frozen=True)
class Round:
    rate: float
    busiest_us: float  # CPU time of the busiest thread per request
    server_cpus: float
    busy: float        # share of the CPUs that server and client used


@dataclass(frozen=True)
class Scaling:
    """One loop against two: medians of the rounds."""

    peer: str
    one: Round
    two: Round
    rounds: dict  # loops -> list

    @property
    def gain(self):
        """CPU time that was idle with two loops and not with one counts as lost."""
        return self.one.busiest_us / self.two.busiest_us * min(1.0, self.two.busy / self.one.busy)


@contextmanager
def affinity(cpus):
    """What is started inside runs on these CPUs only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def median(rounds):
    return Round(*(percentile([getattr(one, name) for one in rounds], 50) for name in Round.__dataclass_fields__))


def no_verdict(ours, control):
    """Why the gain can't be judged; None when it can. `control`: of the responder, or None."""
    if min(ours.one.busy, ours.two.busy) < LEAST_BUSY:
        return (f"server and client used {ours.one.busy:.0%} of one CPU and {ours.two.busy:.0%} of two: something else ran, "
                "or somebody waited")  # fmt: skip
    if ours.two.server_cpus < LEAST_PARALLEL:
        return f"two loops used {ours.two.server_cpus:.2f} CPUs: the client left them too little"
    if ours.gain < LEAST_GAIN and control is not None and control.gain < LEAST_GAIN:
        return f"the machine itself doesn't give more: threads that share nothing gain {control.gain:.2f}"
    return None


def judge(result, found):
    by_name = {one.peer: one for one in found}
    ours = by_name.get(AnteroomStatic.name)
    if ours is None:
        return
    if reason := no_verdict(ours, by_name.get(Responder.name)):
        result.notes.append(f"two loops over one: no verdict: {reason}")
    else:
        result.goals.append(Goal("two loops over one, Anteroom", ours.gain, LEAST_GAIN, at_least=True))


def measure(running, loops, cpus, seconds):
    pids = process_tree([server.pid for _, server in running.parts])
    meter = CpuMeter(pids)
    before = {tid: ns for pid in pids for tid, ns in thread_cpu_ns(pid).items()}
    wrk_before = _children_cpu_seconds()
    with affinity(cpus):
        load = client.wrk(running.url, CONNECTIONS * loops, seconds, loops)
    if load.errors or not load.requests:
        raise client.ClientError(f"{loops} loops: {load.requests} answers, errors {load.errors}")
    wrk_cpu, server_cpu = _children_cpu_seconds() - wrk_before, meter.seconds()
    busiest = max(ns - before.get(tid, 0) for pid in pids for tid, ns in thread_cpu_ns(pid).items())
    return Round(
        rate=load.rate,
        busiest_us=busiest / 1000 / load.requests,
        server_cpus=server_cpu / load.duration_s,
        busy=(server_cpu + wrk_cpu) / load.duration_s / len(cpus),
    )


def _children_cpu_seconds():
    """Of those that have ended and been waited for: every wrk so far, and no server that runs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def start(cls, setup, processes, loops, cpus):
    """With a scratch directory of its own: the same server runs twice."""
    scratch = os.path.join(setup.scratch, f"loops-{loops}")
    os.makedirs(scratch, exist_ok=True)
    with affinity(cpus):
        return cls(replace(setup, loops=loops, scratch=scratch)).start(processes)


def measure_all(setup, options, processes, cpus, result):
    with open(setup.document, "rb") as file:
        body = file.read()
    up = {}
    for cls in CLASSES:
        if cls(setup).missing() is not None:
            continue
        up[cls.name] = {loops: start(cls, setup, processes, loops, set(cpus[:loops])) for loops in (1, 2)}
        for running in up[cls.name].values():
            client.check_answer(running.port, running.path, body)
        result.versions[cls.name] = cls(setup).version()
    rounds = {(name, loops): [] for name in up for loops in (1, 2)}
    for name, loops in turns(list(rounds), options.rounds):
        progress(f"{result.name} loops={loops} {name}")
        rounds[name, loops].append(measure(up[name][loops], loops, set(cpus[:loops]), options.static_seconds))
    progress("")
    return [
        Scaling(name, median(rounds[name, 1]), median(rounds[name, 2]),
                {loops: [asdict(one) for one in rounds[name, loops]] for loops in (1, 2)})
        for name in up
    ]  # fmt: skip


def table(found):
    lines = []
    for one in found:
        for loops, row in ((1, one.one), (2, one.two)):
            lines.append([
                one.peer, str(loops), f"{row.rate:,.0f}", f"{row.busiest_us:.2f}", f"{row.server_cpus:.2f}",
                f"{100 * row.busy:.0f} %", f"{row.rate / one.one.rate:.2f}" if loops == 2 else "-",
                f"{one.gain:.2f}" if loops == 2 else "-",
            ])  # fmt: skip
    columns = ["server", "loops", "req/s", "busiest us/req", "server CPUs", "CPUs busy", "req/s x", "gain"]
    return Table(f"1 KiB, one loop and client on one CPU, two of each on two, {CONNECTIONS} connections a loop", columns, lines)


def run(setup, options, result):
    """Adds its table, goal and notes to `result`."""
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        result.notes.append("two loops over one: skipped: there is one CPU")
        return
    try:
        with Processes(setup.scratch) as processes:
            found = measure_all(setup, options, processes, cpus, result)
    except (StartError, client.ClientError, ProcessLookupError, OSError) as error:
        result.failures.append(f"loops: {error}")
        return
    result.tables.append(table(found))
    judge(result, found)
    result.data["loops"] = [asdict(one) for one in found]
