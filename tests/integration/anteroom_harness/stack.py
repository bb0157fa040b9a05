"""Starts the processes of a test, and checks at the end that all of them ended well."""

import pathlib
from collections.abc import Iterable, Sequence
from typing import Any

from .backend import Backend
from .deadlines import wait_until
from .frontend import Frontend, Settings, merged, settings_for
from .http_client import Connection, Response, request
from .metrics import Samples, scrape
from .process import Process


class Stack:
    """Whatever it starts, `close` stops. Shorthands (`http`, `connect`, `get`) mean the first front end."""

    def __init__(self, directory: pathlib.Path, defaults: Settings | None = None):
        self.directory = directory
        self.defaults = defaults or {}
        self.backends: list[Backend] = []
        self.frontends: list[Frontend] = []

    def start_backend(self, **options: Any) -> Backend:
        backend = Backend(f"backend-{len(self.backends) + 1}", self.directory, **options)
        self.backends.append(backend)
        return backend

    def start_frontend(
        self,
        settings: Settings | None = None,
        endpoints: Iterable[str] | None = None,
        ready: bool = True,
        runner: Sequence[str] = (),
    ) -> Frontend:
        """A front end of all backends started so far (or of `endpoints`), with `settings` laid over the usual ones."""
        name = f"frontend-{len(self.frontends) + 1}"
        if endpoints is None:
            endpoints = [backend.endpoint for backend in self.backends if backend.running()]
        usual = merged(settings_for(list(endpoints), self.directory, name), self.defaults)
        frontend = Frontend(name, self.directory, merged(usual, settings or {}), runner)
        self.frontends.append(frontend)
        if ready:
            frontend.wait_ready()
        return frontend

    def start(self, backends: int = 1, threads: int = 4, settings: Settings | None = None) -> "Stack":
        """Backends first, then a front end that is ready."""
        for _ in range(backends):
            self.start_backend(threads=threads)
        self.start_frontend(settings)
        return self

    def restart_backend(self, dead: Backend, **options: Any) -> Backend:
        """A new process on the port of one that ended."""
        return self.start_backend(port=dead.grpc[1], threads=dead.threads_count, **options)

    # -- shorthands

    @property
    def frontend(self) -> Frontend:
        return self.frontends[0]

    @property
    def backend(self) -> Backend:
        return self.backends[0]

    def connect(self, **options: Any) -> Connection:
        return Connection(self.frontend.http, **options)

    def get(self, target: str, **options: Any) -> Response:
        return request(self.frontend.http, "GET", target, **options)

    def post(self, target: str, body: bytes = b"", **options: Any) -> Response:
        return request(self.frontend.http, "POST", target, body=body, **options)

    def metrics(self, process: Process | None = None) -> Samples:
        return scrape((process or self.frontend).admin)

    def started_ids(self) -> list[str]:
        return [name for backend in self.backends for name in backend.started_ids()]

    def wait_started(self, *ids: str, timeout: float = 10.0) -> None:
        """Until a handler has begun to run the request with each of these X-Ids."""
        wait_until(lambda: set(ids) <= set(self.started_ids()), f"handlers of {ids} to start", timeout, self.log_tails)

    def wait_started_count(self, count: int, timeout: float = 10.0) -> None:
        wait_until(lambda: len(self.started_ids()) >= count, f"{count} handlers to start", timeout, self.log_tails)

    def waiting(self) -> int:
        """Requests in the queue of the first front end."""
        return int(self.metrics().sum("anteroom_pool_waiting_requests"))

    def wait_links(self, count: int) -> None:
        """Until the first front end has this many links up: a loop has one to each backend."""
        wait_until(
            lambda: self.metrics().sum("anteroom_pool_links") == count,
            f"{count} links to be up",
            explain=self.log_tails,
        )

    def wait_waiting(self, count: int, timeout: float = 10.0) -> None:
        wait_until(
            lambda: self.waiting() == count,
            f"{count} requests to wait",
            timeout,
            lambda: f"{self.waiting()} wait\n{self.log_tails()}",
        )

    def takes_place(self, waiting: int, connection: Connection) -> bool:
        """Whether the request just sent waits, as the last of `waiting`; False: it was answered instead."""
        wait_until(
            lambda: self.waiting() == waiting or connection.has_input(),
            f"{waiting} requests to wait, or an answer",
            explain=self.log_tails,
        )
        return not connection.has_input()

    def connect_failures(self) -> int:
        return int(self.metrics().sum("anteroom_link_connect_failures_total"))

    def open_connections(self) -> int:
        return int(self.metrics().sum("anteroom_frontend_connections"))

    # -- end

    def close(self) -> None:
        """Front ends first: they drain while the backends still answer. Every process is stopped, whatever happens."""
        faults = []
        for process in [*self.frontends, *self.backends]:
            try:
                process.stop()
            except AssertionError as fault:
                faults.append(str(fault))
        assert not faults, "\n".join(faults)

    def log_tails(self) -> str:
        return "\n".join(process.log_tail() for process in [*self.frontends, *self.backends])
