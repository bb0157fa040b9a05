"""What a peer is: something that can say whether it is here, and start itself on free ports."""

import os
import shutil
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Setup:
    """What all peers of a run share."""

    root: str          # of the source tree
    build: str         # build directory whose binaries are measured
    scratch: str       # for configurations, logs and files; gone after the run
    loops: int         # event loops, workers or threads of every server under test
    origin_threads: int
    envoy: str         # path of the binary; empty: none
    document: str      # the file of the static suite: its directory is every server's root
    backend_threads: int = 4

    def binary(self, name):
        return os.path.join(self.build, "bin", name)

    def write(self, name, text):
        path = os.path.join(self.scratch, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path


@dataclass(frozen=True)
class Running:
    """A peer that is up. `parts` are all processes whose cost counts, front first: (role, Server)."""

    port: int
    path: str
    parts: list = field(default_factory=list)

    def obituaries(self):
        """One for each process that has ended although it should not have."""
        return [text for _, server in self.parts if (text := server.obituary())]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}{self.path}"


class Peer:
    """`name` is what tables say, `about` what exactly is measured under that name."""

    name = ""
    about = ""

    def __init__(self, setup):
        self.setup = setup

    def missing(self):
        """Why this peer can't be measured here; None when it can."""
        raise NotImplementedError

    def version(self):
        raise NotImplementedError

    def start(self, processes):
        """Starts the peer, returns Running once it accepts connections."""
        raise NotImplementedError


def missing_binaries(*paths):
    for path in paths:
        if not os.access(path, os.X_OK) and shutil.which(path) is None:
            return f"{os.path.basename(path)} is not there"
    return None
