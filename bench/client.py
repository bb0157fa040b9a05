"""The clients: wrk for load, anteroom-bench-openloop for waiting times, and one plain request to see what comes."""

import http.client
import json
import os
import subprocess
from dataclasses import dataclass

_HERE = os.path.dirname(os.path.abspath(__file__))


class ClientError(Exception):
    """The client could not run, or a server's answer is not the one that is to be measured."""


@dataclass(frozen=True)
class WrkResult:
    requests: int
    duration_s: float
    p50_us: int
    p99_us: int
    max_us: int
    errors: dict  # kind -> count, only those that happened

    @property
    def rate(self):
        return self.requests / self.duration_s


def parse_wrk(output):
    """The result in the output of a wrk that ran with wrk_report.lua."""
    lines = [line for line in output.splitlines() if line.startswith("{")]
    if len(lines) != 1:
        raise ClientError(f"wrk printed no result: {output.strip()[-500:]}")
    values = json.loads(lines[0])
    kinds = ("connect", "read", "write", "status", "timeout")
    return WrkResult(
        requests=values["requests"],
        duration_s=values["duration_us"] / 1e6,
        p50_us=values["p50_us"],
        p99_us=values["p99_us"],
        max_us=values["max_us"],
        errors={kind: values[kind] for kind in kinds if values[kind]},
    )


def wrk(url, connections, seconds, threads):
    argv = [
        "wrk", "--latency", "--timeout", "5s", "-t", str(min(threads, connections)), "-c", str(connections),
        "-d", f"{seconds}s", "-s", os.path.join(_HERE, "wrk_report.lua"), url,
    ]  # fmt: skip
    return parse_wrk(_run(argv, seconds + 30))


def openloop(binary, addresses, kinds, rate, seconds, seed, samples):
    """Starts an open-loop run; finish_openloop() waits for it. `kinds`: (name, weight, path)."""
    argv = [binary, "--rate", str(rate), "--seconds", str(seconds), "--seed", str(seed), "--samples", samples]
    for address in addresses:
        argv += ["--address", address]
    for name, weight, path in kinds:
        argv += ["--kind", f"{name}={weight}:{path}"]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish_openloop(process, timeout):
    try:
        output, errors = process.communicate(timeout=timeout)
    except BaseException:
        process.kill()
        process.wait()
        raise
    if process.returncode != 0:
        raise ClientError(f"open-loop client failed ({process.returncode}): {errors.strip()}")
    return json.loads(output)


@dataclass(frozen=True)
class Answer:
    status: int
    fields: list  # (name, value), as received
    body: bytes


def fetch(port, path, timeout=5.0):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return Answer(response.status, response.getheaders(), response.read())
    finally:
        connection.close()


def check_answer(port, path, expected_body):
    """Fetches once and raises unless it is a 200 with the very body that all servers are to send."""
    answer = fetch(port, path)
    if answer.status != 200 or answer.body.rstrip(b"\n") != expected_body.rstrip(b"\n"):
        raise ClientError(f"{path} answers {answer.status} with {len(answer.body)} bytes {answer.body[:60]!r}")
    return answer


def _run(argv, timeout):
    finished = subprocess.run(argv, capture_output=True, text=True, timeout=timeout, check=False)
    if finished.returncode != 0:
        raise ClientError(f"{argv[0]} failed ({finished.returncode}): {finished.stderr.strip()}")
    return finished.stdout
