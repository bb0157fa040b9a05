"""Many connections at once, each sending prepared pieces and writing down what comes back."""

import re
import selectors
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from .deadlines import scaled
from .vectors import Vector

Round = Sequence[bytes]  # each is a send() of its own

HEAD = re.compile(rb"HTTP/1\.1 (\d{3}) [^\r\n]*\r\n((?:[^\r\n]+\r\n)*)\r\n")
CONTENT_LENGTH = re.compile(rb"^content-length: (\d+)\r$", re.IGNORECASE | re.MULTILINE)
CLOSE = re.compile(rb"^connection: close\r$", re.IGNORECASE | re.MULTILINE)
# What a request gets that the parser accepts, when no handler has its path: the backend's 404. OPTIONS * is the front
# end's own.
ANSWERS = {204, 404}


@dataclass(frozen=True)
class Plan:
    vector: Vector
    rounds: Sequence[Round]
    how: str  # for messages


def expected_words(vector: Vector) -> list[str]:
    """What Replay.words is to be in the end."""
    refusal = [f"{vector.status} close"] if vector.status else []
    return ["answer"] * vector.complete + refusal + ["end"]


class Replay:
    """One vector on one connection. `words`: "answer" for each request that was served, "400 close" for a refusal (only
    "400" without Connection: close), and then how the connection ended: "end", "reset", or nothing while it is open."""

    def __init__(self, address: tuple[str, int], plan: Plan, source: str):
        self.plan = plan
        self.words: list[str] = []
        self.sent = 0
        self._half_closed = False
        self._buffer = b""
        self.socket = socket.socket()
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(scaled(30))
        self.socket.bind((source, 0))
        self.socket.connect(address)

    @property
    def ended(self) -> bool:
        return bool(self.words) and self.words[-1] in ("end", "reset")

    def send(self, number: int) -> None:
        """The pieces of that round, unless the connection has ended."""
        if self.ended or number >= len(self.plan.rounds):
            return
        try:
            for piece in self.plan.rounds[number]:
                self.socket.sendall(piece)
                self.sent += len(piece)
        except ConnectionError:
            pass  # whether that was right, the words will tell

    def half_close_if_answered(self) -> None:
        """Of what is not refused, the client has to say the end; before, a handler's answer would be given up."""
        if self._half_closed or self.ended or self.plan.vector.status or len(self.words) < self.plan.vector.complete:
            return
        self._half_closed = True
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # not connected any more: recv() says how it ended

    def receive(self) -> None:
        """After the selector has said that there is something."""
        try:
            data = self.socket.recv(64 * 1024)
        except ConnectionError:
            self.words.append("reset")
            return
        self._buffer += data
        self._take_responses()
        if not data:
            if self._buffer:
                self.words.append("part of a response")
            # A reset right behind the end of the answer shows here only. The server waits two seconds for more to come: who
            # sends in several rounds may have been held up for longer.
            failed = len(self.plan.rounds) == 1 and self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0
            self.words.append("reset" if failed else "end")

    def _take_responses(self) -> None:
        while match := HEAD.match(self._buffer):
            status, fields = int(match.group(1)), match.group(2)
            if status < 200:
                self._buffer = self._buffer[match.end() :]
                continue
            length = CONTENT_LENGTH.search(fields)
            size = int(length.group(1)) if length and not self._answers_head() else 0
            if len(self._buffer) < match.end() + size:
                return
            self._buffer = self._buffer[match.end() + size :]
            word = "answer" if status in ANSWERS else str(status)
            if word != "answer" and CLOSE.search(fields):
                word += " close"
            self.words.append(word)

    def _answers_head(self) -> bool:
        """No vector has a HEAD before its last request."""
        return self.plan.vector.method == "HEAD" and len(self.words) + 1 == self.plan.vector.complete


class Batch:
    """Replays at the same time, in rounds: each round sends on every connection, and the next one begins when the server
    has read all of it, so that pieces do arrive as pieces. `bytes_read` asks the server how many it has read so far."""

    def __init__(self, address: tuple[str, int], plans: Sequence[Plan], bytes_read: Callable[[], int]):
        self._bytes_read = bytes_read
        self._selector = selectors.EpollSelector()
        self.replays = []
        for number, plan in enumerate(plans):
            # Client ports are not used up when every connection of a long run is left in TIME_WAIT.
            replay = Replay(address, plan, source=f"127.0.0.{number % 200 + 2}")
            self._selector.register(replay.socket, selectors.EVENT_READ, replay)
            self.replays.append(replay)

    def run(self) -> list[Replay]:
        before = self._bytes_read()
        rounds = max(len(replay.plan.rounds) for replay in self.replays)
        for number in range(rounds):
            for replay in self.replays:
                self._receive(0)  # who has seen the end sends no more
                replay.send(number)
            if number + 1 < rounds:
                before = self._wait_read(before)
        self._finish()
        for replay in self.replays:
            replay.socket.close()
        self._selector.close()
        return self.replays

    def _wait_read(self, before: int) -> int:
        """What the verdicts are does not depend on it: a connection that has ended meanwhile reads no more."""
        wanted = before + sum(replay.sent for replay in self.replays)
        deadline = time.monotonic() + scaled(0.5)
        while (seen := self._bytes_read()) < wanted:
            if time.monotonic() >= deadline:
                return before - (wanted - seen)
            self._receive(0.001)
        return before

    def _finish(self) -> None:
        """Until all have ended, or for as long as anything may take; who is still open then has no end in its words."""
        deadline = time.monotonic() + scaled(30)
        while not all(replay.ended for replay in self.replays) and time.monotonic() < deadline:
            for replay in self.replays:
                replay.half_close_if_answered()
            self._receive(0.05)

    def _receive(self, timeout: float) -> None:
        for key, _ in self._selector.select(timeout):
            key.data.receive()
            if key.data.ended:
                self._selector.unregister(key.fileobj)


def batches(plans: Iterator[Plan], size: int) -> Iterator[list[Plan]]:
    batch: list[Plan] = []
    for plan in plans:
        batch.append(plan)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
