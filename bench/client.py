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
class Request:
    """What wrk sends, beside the URL: GETs, or with `body_bytes` POSTs of a body of that many bytes."""

    body_bytes: int = None
    fields: tuple = ()  # of the head: (name, value)
    paths: str = ""     # a file of paths, one a line, that are asked for in that order again and again


GET = Request()


@dataclass(frozen=True)
class WrkResult:
    requests: int
    duration_s: float
    bytes: int  # all that came, heads and answers that were not over at the end included
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
        bytes=values["bytes"],
        p50_us=values["p50_us"],
        p99_us=values["p99_us"],
        max_us=values["max_us"],
        errors={kind: values[kind] for kind in kinds if values[kind]},
    )


def wrk(url, connections, seconds, threads, request=GET):
    return finish_wrk(start_wrk(url, connections, seconds, threads, request), seconds + 30)


def start_wrk(url, connections, seconds, threads, request=GET):
    """Starts a run; finish_wrk() waits for it."""
    argv = [
        "wrk", "--latency", "--timeout", "5s", "-t", str(min(threads, connections)), "-c", str(connections),
        "-d", f"{seconds}s", "-s", os.path.join(_HERE, "wrk_report.lua"),
    ]  # fmt: skip
    for name, value in request.fields:
        argv += ["-H", f"{name}: {value}"]
    argv.append(url)
    if request.body_bytes is not None:
        argv += ["--", "body", str(request.body_bytes)]
    elif request.paths:
        argv += ["--", "paths", request.paths]
    return _start(argv)


def finish_wrk(process, timeout):
    return parse_wrk(_finish(process, timeout))


def openloop(binary, addresses, kinds, rate, seconds, seed, samples):
    """Starts an open-loop run; finish_openloop() waits for it. `kinds`: (name, weight, path)."""
    argv = [binary, "--rate", str(rate), "--seconds", str(seconds), "--seed", str(seed), "--samples", samples]
    for address in addresses:
        argv += ["--address", address]
    for name, weight, path in kinds:
        argv += ["--kind", f"{name}={weight}:{path}"]
    return _start(argv)


def finish_openloop(process, timeout):
    return json.loads(_finish(process, timeout))


@dataclass(frozen=True)
class SlowClients:
    """What a crowd of slow clients does: `direction` is "up" or "down", `rate` is bytes a second of each."""

    direction: str
    path: str
    count: int
    bytes: int
    rate: int
    ramp: float             # seconds over which they start
    period_ms: int = 100    # how often each moves some bytes
    timeout: float = 300    # seconds for each
    # What the kernel takes from the server for a client that reads slowly. Loopback's own values, segments of 64 KiB and
    # windows of megabytes, would let a whole answer disappear into the client's socket. 0: those values.
    receive_buffer: int = 16_384
    max_segment_size: int = 1400
    check: bool = True      # that every byte is right, not only how many there are


def start_slowclients(binary, port, what):
    """Starts a crowd; finish_slowclients() waits for it."""
    argv = [
        binary, "--address", f"127.0.0.1:{port}", "--direction", what.direction, "--path", what.path,
        "--count", str(what.count), "--bytes", str(what.bytes), "--rate", str(what.rate), "--ramp", str(what.ramp),
        "--period-ms", str(what.period_ms), "--timeout", str(what.timeout),
        "--check", "yes" if what.check else "no",
    ]  # fmt: skip
    if what.receive_buffer:
        argv += ["--receive-buffer", str(what.receive_buffer)]
    if what.max_segment_size:
        argv += ["--mss", str(what.max_segment_size)]
    return _start(argv)


def finish_slowclients(process, timeout):
    return json.loads(_finish(process, timeout))


@dataclass(frozen=True)
class Answer:
    status: int
    fields: list  # (name, value), as received
    body: bytes

    def field(self, name):
        """The value of the first field of that name; empty without one."""
        return next((value for key, value in self.fields if key.lower() == name.lower()), "")


def fetch(port, path, timeout=5.0, body=None, fields=()):
    """GETs, or with a `body` POSTs it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET" if body is None else "POST", path, body, dict(fields))
        response = connection.getresponse()
        return Answer(response.status, response.getheaders(), response.read())
    finally:
        connection.close()


def check_answer(port, path, expected_body, body=None):
    """Asks once and raises unless it is a 200 with the very body that all servers are to send."""
    answer = fetch(port, path, body=body)
    if answer.status != 200 or answer.body.rstrip(b"\n") != expected_body.rstrip(b"\n"):
        raise ClientError(f"{path} answers {answer.status} with {len(answer.body)} bytes {answer.body[:60]!r}")
    return answer


def stop(process):
    """Ends a client that has not been waited for."""
    if process.poll() is None:
        process.kill()
    process.communicate()


def _start(argv):
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _finish(process, timeout):
    """What it printed; raises when it failed. It has ended afterwards, whatever happens."""
    name = os.path.basename(process.args[0])
    try:
        output, errors = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired as error:
        raise ClientError(f"{name} did not end within {timeout:g} s") from error
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    if process.returncode != 0:
        raise ClientError(f"{name} failed ({process.returncode}): {errors.strip()}")
    return output
