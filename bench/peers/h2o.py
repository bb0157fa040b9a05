"""h2o as a server of files."""

import os

from machine import first_line
from peers.base import Peer, Running, missing_binaries
from processes import free_port

_CONFIG = """\
{user}num-threads: {loops}
max-connections: 20000
pid-file: {scratch}/h2o.pid
error-log: /dev/null
http1-request-timeout: 300
file.send-compressed: ON
listen:
  host: 127.0.0.1
  port: {port}
hosts:
  default:
    paths:
      /static/:
        file.dir: {directory}
      /status:
        status: ON
"""


class H2oStatic(Peer):
    name = "h2o"
    about = "num-threads as the others, file.send-compressed, status page on, no access log"

    def missing(self):
        return missing_binaries("h2o")

    def version(self):
        return first_line(["h2o", "-v"])

    def start(self, processes):
        port = free_port()
        path = self.setup.write(
            "h2o.yaml",
            _CONFIG.format(
                # Started by root it would become `nobody`, who can't read the scratch directory.
                user="user: root\n" if os.geteuid() == 0 else "",
                loops=self.setup.loops,
                scratch=self.setup.scratch,
                port=port,
                directory=os.path.dirname(self.setup.document),
            ),
        )
        return Running(port, "/static/1k.bin", [("front", processes.start("h2o", ["h2o", "-c", path], [port]))])
