"""Anteroom: a front end with one or more stock backends."""

import os
from dataclasses import dataclass

from machine import first_line
from peers.base import Peer, Running, missing_binaries
from processes import free_port

FRONTEND = "anteroom-frontend"
BACKEND = "anteroom-backend"

# Metrics are always on. The access log is off, as it is for every peer.
_CONFIG = """\
listeners:
  - address: 127.0.0.1:{port}
admin:
  address: 127.0.0.1:{admin_port}
loops: {loops}
spool: {{directory: {scratch}}}
timeouts: {{idle: 300s}}
limits: {{requests_per_connection: 1000000000}}
access_log: {{path: ""}}
{pools}routes:
  - {{path: /static/, static: {{root: {root}}}}}
{pool_route}"""

_POOL = """\
pools:
  bench:
    endpoints: [{endpoints}]
"""


@dataclass(frozen=True)
class Backend:
    server: object
    port: int
    admin_port: int


@dataclass(frozen=True)
class Frontend:
    server: object
    port: int
    admin_port: int


def start_backend(setup, processes, threads):
    port, admin_port = free_port(), free_port()
    argv = [
        setup.binary(BACKEND), "--listen", f"127.0.0.1:{port}", "--admin", f"127.0.0.1:{admin_port}",
        "--threads", str(threads), "--diag",
    ]  # fmt: skip
    return Backend(processes.start(BACKEND, argv, [port, admin_port]), port, admin_port)


def start_frontend(setup, processes, backends):
    """With no backends the front end serves files only."""
    port, admin_port = free_port(), free_port()
    pools = pool_route = ""
    if backends:
        pools = _POOL.format(endpoints=", ".join(f"127.0.0.1:{backend.port}" for backend in backends))
        pool_route = "  - {path: /, pool: bench}\n"
    path = setup.write(
        f"frontend-{port}.yaml",
        _CONFIG.format(
            port=port, admin_port=admin_port, loops=setup.loops, scratch=setup.scratch, pools=pools,
            root=os.path.dirname(setup.document), pool_route=pool_route,
        ),
    )  # fmt: skip
    server = processes.start(FRONTEND, [setup.binary(FRONTEND), "--config", path], [port, admin_port])
    return Frontend(server, port, admin_port)


class _Anteroom(Peer):
    def version(self):
        return first_line([self.setup.binary(FRONTEND), "--version"])


class AnteroomDynamic(_Anteroom):
    name = "Anteroom"
    about = "front end and one stock backend with four worker threads, metrics on, access log off"

    def missing(self):
        return missing_binaries(self.setup.binary(FRONTEND), self.setup.binary(BACKEND))

    def start(self, processes):
        backend = start_backend(self.setup, processes, self.setup.backend_threads)
        frontend = start_frontend(self.setup, processes, [backend])
        return Running(frontend.port, "/diag/hello", [("front", frontend.server), ("back", backend.server)])


class AnteroomStatic(_Anteroom):
    name = "Anteroom"
    about = "front end alone, metrics on, access log off"

    def missing(self):
        return missing_binaries(self.setup.binary(FRONTEND))

    def start(self, processes):
        frontend = start_frontend(self.setup, processes, [])
        return Running(frontend.port, "/static/1k.bin", [("front", frontend.server)])
