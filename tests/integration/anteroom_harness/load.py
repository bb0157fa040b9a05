"""Many clients at once, every answer accounted for."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from .deadlines import wait_until
from .http_client import Connection, Response

Address = tuple[str, int]


@dataclass
class Tally:
    """What all clients saw together. A failure is a request without a complete response, or an unwanted status."""

    answered: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest: float = 0.0  # seconds, of those that were answered


class Load:
    """`clients` threads, each with one kept-alive connection at a time, each sending the next request when the last is
    answered. As a context manager it runs as long as the block does; afterwards `tally` is final.

    A client opens a new connection when the server announced `Connection: close`, or, while `may_connect()` is true,
    after a failure. When `may_connect()` is false (a balancer that saw /readyz fail) it opens none and ends instead.
    """

    def __init__(
        self,
        address: Address | list[Address],
        target: str = "/diag/hello",
        clients: int = 32,
        method: str = "GET",
        wanted: frozenset[int] = frozenset({200}),
        may_connect: Callable[[], bool] = lambda: True,
        body_of: Callable[[], bytes | None] = lambda: None,
    ):
        self._addresses = address if isinstance(address, list) else [address]
        self._target = target
        self._method = method
        self._wanted = wanted
        self._may_connect = may_connect
        self._body_of = body_of
        self._stop = threading.Event()
        self._mutex = threading.Lock()
        self.tally = Tally()
        self._threads = [threading.Thread(target=self._client, args=(number,)) for number in range(clients)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait_answers(self, more: int, timeout: float = 20.0) -> None:
        """Until `more` further requests have been answered: the load flows (again)."""
        target = self.tally.answered + more
        wait_until(
            lambda: self.tally.answered >= target,
            f"{more} more answers",
            timeout,
            lambda: f"only {self.tally.answered - target + more} came; failures: {self.tally.failures[:5]}",
        )

    def wait_clients_ended(self, timeout: float = 20.0) -> None:
        wait_until(lambda: not any(thread.is_alive() for thread in self._threads), "all clients to end", timeout)

    def assert_no_failure(self) -> None:
        tally = self.tally
        assert not tally.failures, f"{len(tally.failures)} of {tally.answered} failed: {tally.failures[:10]}"
        assert tally.answered > 0, "no request was answered at all"

    def _client(self, number: int) -> None:
        address = self._addresses[number % len(self._addresses)]
        connection: Connection | None = None
        while not self._stop.is_set():
            if connection is None:
                if not self._may_connect():
                    return
                try:
                    connection = Connection(address)
                except OSError as error:
                    if self._may_connect():
                        self._failed(f"connect: {error}")
                    continue
            began = time.monotonic()
            try:
                connection.send_request(self._method, self._target, body=self._body_of())
                response = connection.read_response(self._method)
            except (OSError, AssertionError) as error:
                self._failed(f"{type(error).__name__}: {error}")
                connection.close()
                connection = None
                continue
            self._answered(response, time.monotonic() - began)
            if (response.header("Connection") or "").lower() == "close":
                connection.close()
                connection = None
        if connection is not None:
            connection.close()

    def _failed(self, reason: str) -> None:
        with self._mutex:
            self.tally.failures.append(reason)

    def _answered(self, response: Response, seconds: float) -> None:
        with self._mutex:
            self.tally.answered += 1
            self.tally.statuses[response.status] += 1
            self.tally.slowest = max(self.tally.slowest, seconds)
            if response.status not in self._wanted:
                self.tally.failures.append(f"status {response.status}")
