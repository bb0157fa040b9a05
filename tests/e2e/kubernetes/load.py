#!/usr/bin/env python3
"""An open-loop client: GETs at a fixed rate, whatever the answers do, until its standard input ends; then prints what it
saw as one JSON object. A program of its own with nothing but the standard library, so that it can run where the
addresses of the cluster answer.

    load.py --rate 50 --busy 8 http://10.0.0.1 /diag/hello /index.html

Requests alternate between two ways to use connections: a new one each, and kept-alive ones, the longest unused first.
Beside them, --busy connections send the next GET of the first path as soon as the last is answered: on these there is
nearly always something under way, whenever the server chooses to close them. Nothing is ever sent again: a request without a complete 200 is a failure, also on a connection that the server was just
about to close.
"""

import argparse
import asyncio
import collections
import json
import sys
import time
from urllib.parse import urlsplit

PATIENCE = 60.0  # seconds for one request


class Failure(Exception):
    """Why a request counts as failed."""


class Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self.reader = reader
        self.writer = writer
        self.used = 0

    @classmethod
    async def open(cls, host: str, port: int) -> "Connection":
        try:
            return cls(*await asyncio.open_connection(host, port))
        except OSError as error:
            raise Failure(f"connect: {error}") from None

    @property
    def reusable(self) -> bool:
        """Whether the server has not closed it meanwhile, as far as this side can know."""
        return not self.reader.at_eof() and not self.writer.is_closing()

    async def get(self, authority: str, path: str, keep: bool) -> bool:
        """Sends a GET and reads the whole answer. Whether the connection may be used again."""
        where = "new" if self.used == 0 else "kept"
        self.used += 1
        try:
            connection = "" if keep else "Connection: close\r\n"
            self.writer.write(f"GET {path} HTTP/1.1\r\nHost: {authority}\r\n{connection}\r\n".encode())
            await self.writer.drain()
            head = await self.reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError as error:
            raise Failure(f"{where} connection: closed after {len(error.partial)} bytes of the head") from None
        except OSError as error:
            raise Failure(f"{where} connection: {error}") from None
        status, fields = parse_head(head)
        try:
            await self.reader.readexactly(int(fields["content-length"]))
        except KeyError:
            raise Failure(f"status {status} without Content-Length") from None
        except (asyncio.IncompleteReadError, OSError) as error:
            raise Failure(f"{where} connection: cut in the body: {error}") from None
        if status != 200:
            raise Failure(f"status {status}")
        return keep and fields.get("connection", "").lower() != "close"

    def close(self) -> None:
        self.writer.close()


def parse_head(head: bytes) -> tuple[int, dict[str, str]]:
    lines = head.decode("latin-1").split("\r\n")
    fields = (line.partition(":") for line in lines[1:] if line)
    return int(lines[0].split(" ")[1]), {name.strip().lower(): value.strip() for name, _, value in fields}


class Load:
    def __init__(self, host: str, port: int, authority: str, paths: list[str]):
        self.host = host
        self.port = port
        self.authority = authority
        self.paths = paths
        self.idle: collections.deque[Connection] = collections.deque()
        self.latencies: list[float] = []
        self.busy_answered = 0
        self.failures: list[dict[str, object]] = []

    async def run(self, rate: float, stop: asyncio.Event) -> None:
        tasks: set[asyncio.Task[None]] = set()
        began = time.monotonic()
        number = 0
        while not stop.is_set():
            due = began + number / rate
            if (pause := due - time.monotonic()) > 0:
                try:
                    await asyncio.wait_for(stop.wait(), pause)
                    break
                except asyncio.TimeoutError:
                    pass
            # Over all paths with both kinds of connection.
            keep = (number // len(self.paths)) % 2 == 0
            task = asyncio.create_task(self.one(self.paths[number % len(self.paths)], keep, due))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            number += 1
        if tasks:
            await asyncio.wait(tasks)
        for connection in self.idle:
            connection.close()

    async def busy(self, path: str, stop: asyncio.Event) -> None:
        connection = None
        while not stop.is_set():
            try:
                connection = connection or await Connection.open(self.host, self.port)
                if not await asyncio.wait_for(connection.get(self.authority, path, keep=True), PATIENCE):
                    connection.close()
                    connection = None
                self.busy_answered += 1
            except (Failure, asyncio.TimeoutError) as failure:
                self.failed(path, f"busy: {failure or 'no answer'}")
                if connection is not None:
                    connection.close()
                    connection = None
        if connection is not None:
            connection.close()

    async def one(self, path: str, keep: bool, due: float) -> None:
        """Latency counts from when the request was due, so that a stalled server cannot hide its stall."""
        try:
            await asyncio.wait_for(self.exchange(path, keep), PATIENCE)
            self.latencies.append(time.monotonic() - due)
        except asyncio.TimeoutError:
            self.failed(path, f"no answer within {PATIENCE:.0f} s")
        except Failure as failure:
            self.failed(path, str(failure))

    async def exchange(self, path: str, keep: bool) -> None:
        connection = None
        while keep and self.idle and connection is None:
            connection = self.idle.popleft()
            if not connection.reusable:
                connection.close()
                connection = None
        connection = connection or await Connection.open(self.host, self.port)
        reusable = False
        try:
            reusable = await connection.get(self.authority, path, keep)
        finally:
            if reusable:
                self.idle.append(connection)
            else:
                connection.close()

    def failed(self, path: str, reason: str) -> None:
        self.failures.append({"at": round(time.time(), 3), "path": path, "reason": reason})

    def report(self, seconds: float) -> dict[str, object]:
        latencies = sorted(self.latencies)

        def percentile(share: float) -> float:
            return round(1000 * latencies[min(len(latencies) - 1, int(share * len(latencies)))], 1) if latencies else 0.0

        return {
            "seconds": round(seconds, 1),
            "answered": len(latencies),
            "answered_on_busy_connections": self.busy_answered,
            "failed": len(self.failures),
            "failures": self.failures[:20],
            "p50_ms": percentile(0.5),
            "p99_ms": percentile(0.99),
            "max_ms": percentile(1.0),
        }


async def wait_for_end_of_input(stop: asyncio.Event) -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()
    stop.set()


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, required=True, help="requests a second")
    parser.add_argument("--busy", type=int, default=0, help="connections that are never idle")
    parser.add_argument("url")
    parser.add_argument("paths", nargs="+")
    arguments = parser.parse_args()
    url = urlsplit(arguments.url)
    load = Load(url.hostname or "", url.port or 80, url.netloc, arguments.paths)
    stop = asyncio.Event()
    watcher = asyncio.create_task(wait_for_end_of_input(stop))
    began = time.monotonic()
    busy = [asyncio.create_task(load.busy(arguments.paths[0], stop)) for _ in range(arguments.busy)]
    await load.run(arguments.rate, stop)
    await asyncio.gather(watcher, *busy)
    print(json.dumps(load.report(time.monotonic() - began)))


if __name__ == "__main__":
    asyncio.run(main())
