"""The minimal epoll server of this benchmark: behind the proxies, and as the floor for static files."""

from peers.base import Peer, Running, missing_binaries
from processes import free_port

BINARY = "anteroom-bench-origin"


def start_origin(setup, processes, owner):
    """An origin of its own for each proxy, so that its cost is charged to the right row."""
    port = free_port()
    argv = [setup.binary(BINARY), "--listen", f"127.0.0.1:{port}", "--threads", str(setup.origin_threads)]
    return port, processes.start(f"{owner}-origin", argv, [port])


class Responder(Peer):
    name = "minimal responder"
    about = "the benchmark's own epoll server, one file in memory, eight header fields: the floor"

    def missing(self):
        return missing_binaries(self.setup.binary(BINARY))

    def version(self):
        return "this tree"

    def start(self, processes):
        port = free_port()
        argv = [
            self.setup.binary(BINARY), "--listen", f"127.0.0.1:{port}", "--threads", str(self.setup.loops),
            "--file", self.setup.document,
        ]  # fmt: skip
        return Running(port, "/static/1k.bin", [("front", processes.start("responder", argv, [port]))])
