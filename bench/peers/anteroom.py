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
spool: {spool}
timeouts: {{idle: 300s}}
limits: {limits}
access_log: {{path: "{access_log}"}}
{pools}routes:
  - {{path: /static/gzip/, static: {{root: {root}/gzip, precompressed: [gzip]}}}}
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


def start_backend(setup, processes, threads, flags=()):
    port, admin_port = free_port(), free_port()
    argv = [
        setup.binary(BACKEND), "--listen", f"127.0.0.1:{port}", "--admin", f"127.0.0.1:{admin_port}",
        "--threads", str(threads), "--diag", *flags,
    ]  # fmt: skip
    return Backend(processes.start(BACKEND, argv, [port, admin_port]), port, admin_port)


def start_frontend(setup, processes, backends, limits=None, spool=None, access_log=""):
    """With no backends the front end serves files only. `limits` and `spool` add to those sections."""
    port, admin_port = free_port(), free_port()
    pools = pool_route = ""
    if backends:
        pools = _POOL.format(endpoints=", ".join(f"127.0.0.1:{backend.port}" for backend in backends))
        pool_route = "  - {path: /, pool: bench}\n"
    os.makedirs(os.path.join(os.path.dirname(setup.document), "gzip"), exist_ok=True)  # a root has to exist
    path = setup.write(
        f"frontend-{port}.yaml",
        _CONFIG.format(
            port=port, admin_port=admin_port, loops=setup.loops, pools=pools, root=os.path.dirname(setup.document),
            pool_route=pool_route, access_log=access_log,
            limits=_flow({"requests_per_connection": 1_000_000_000, **(limits or {})}),
            spool=_flow({"directory": setup.scratch, **(spool or {})}),
        ),
    )  # fmt: skip
    server = processes.start(FRONTEND, [setup.binary(FRONTEND), "--config", path], [port, admin_port])
    return Frontend(server, port, admin_port)


def _flow(mapping):
    return "{" + ", ".join(f"{key}: {value}" for key, value in mapping.items()) + "}"


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
