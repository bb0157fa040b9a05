"""CPU time per request of POSTs with bodies: what it costs to take a body whole before the backend gets it.

HAProxy streams a body to its origin as it comes; nginx and Envoy gather it first, as Anteroom does. The origins read the
body and drop it, and so does Anteroom's handler: its backend has it in memory, and nobody looks at it.
"""

import hashlib
import json
import shutil
from dataclasses import asdict

import client
from peers import POST
from processes import Processes
from suite_result import Goal, SuiteResult
from suites import throughput

SIZES_KIB = (1, 16, 100)
CONNECTIONS = 64
STREAMS = "HAProxy + origin"  # the cheapest peer that merely streams
MOST_CPU = 1.0                # of that


def goals(size_kib, rows):
    found = {row.peer: row for row in rows if not row.errors}
    ours, theirs = found.get(throughput.OURS), found.get(STREAMS)
    if not ours or not theirs or not theirs.cpu_us:
        return []
    what = f"CPU per POST of {size_kib} KiB, Anteroom over {STREAMS}"
    return [Goal(what, ours.cpu_us / theirs.cpu_us, MOST_CPU)]


def check(running):
    """One request of the largest size, answered as the others are."""
    return client.check_answer(running.port, running.path, b"hello world", bytes(SIZES_KIB[-1] * 1024))


def check_arrival(port):
    """Raises unless a body arrives at Anteroom's backend as it was sent."""
    body = bytes(i * 7 % 251 for i in range(SIZES_KIB[-1] * 1024))
    seen = json.loads(client.fetch(port, "/diag/echo", body=body).body)
    if (seen["body_length"], seen["body_sha256"]) != (len(body), hashlib.sha256(body).hexdigest()):
        raise client.ClientError(f"another body of {seen['body_length']} bytes arrived at the backend")


def run(setup, options):
    connections = 16 if options.quick else CONNECTIONS
    result = SuiteResult("post", f"POST /diag/hello through each proxy to its backend, keep-alive, {connections} connections")
    if shutil.which("wrk") is None:
        result.failures.append("wrk is not there")
        return result
    all_rows, sizes = [], []
    with Processes(setup.scratch) as processes:
        up, heads = throughput.start_all(setup, processes, POST, result, check)
        if throughput.OURS in up:
            try:
                check_arrival(up[throughput.OURS].port)
            except (client.ClientError, OSError, ValueError) as error:
                del up[throughput.OURS]
                result.failures.append(f"{throughput.OURS}: {error}")
        for size in SIZES_KIB:
            requests = {name: client.Request(body_bytes=size * 1024) for name in up}
            what = f"POST of {size} KiB"
            if rows := throughput.measure_all(up, connections, options, result, requests, what):
                all_rows += rows
                sizes += [size] * len(rows)
                result.tables.append(throughput.table(connections, rows, what))
                result.goals += goals(size, rows)
    throughput.note_noise(result, all_rows)
    rows = [{"size_kib": size, **asdict(row)} for size, row in zip(sizes, all_rows)]
    result.data = {"rows": rows, "response_fields": heads}
    return result
