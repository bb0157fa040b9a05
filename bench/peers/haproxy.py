"""HAProxy in front of the minimal origin."""

from machine import first_line
from peers.base import Peer, Running, missing_binaries
from peers.origin import BINARY, start_origin
from processes import free_port

# No `log` line: no access log. The Prometheus exporter is on, as in production; nobody scrapes during the rounds.
_CONFIG = """\
global
    nbthread {loops}
    maxconn 8000

defaults
    mode http
    timeout connect 5s
    timeout client 75s
    timeout server 75s
    timeout http-keep-alive 75s
    option http-keep-alive
    http-reuse always

frontend web
    bind 127.0.0.1:{port}
    default_backend origin

backend origin
    server origin 127.0.0.1:{origin_port}

frontend metrics
    bind 127.0.0.1:{metrics_port}
    http-request use-service prometheus-exporter
"""


class HaproxyOrigin(Peer):
    name = "HAProxy + origin"
    about = "http-reuse always, keep-alive on both sides, Prometheus exporter on, no log"

    def missing(self):
        return missing_binaries("haproxy", self.setup.binary(BINARY))

    def version(self):
        return first_line(["haproxy", "-v"])

    def start(self, processes):
        origin_port, origin = start_origin(self.setup, processes, "haproxy")
        port, metrics_port = free_port(), free_port()
        path = self.setup.write(
            "haproxy.cfg",
            _CONFIG.format(loops=self.setup.loops, port=port, origin_port=origin_port, metrics_port=metrics_port),
        )
        haproxy = processes.start("haproxy", ["haproxy", "-db", "-f", path], [port, metrics_port])
        return Running(port, "/diag/hello", [("front", haproxy), ("back", origin)])
