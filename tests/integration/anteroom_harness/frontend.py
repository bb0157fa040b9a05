"""A front end and its configuration file."""

import copy
import json
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

import yaml

from .binaries import binary
from .deadlines import wait_until
from .process import Address, Process

Settings = dict[str, Any]
Line = dict[str, Any]  # of the access log


def merged(base: Settings, changes: Settings) -> Settings:
    """`base` with `changes` laid over it, mapping by mapping; None removes a key."""
    result = copy.deepcopy(base)
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        else:
            result[key] = value
    return result


def settings_for(endpoints: list[str], directory: pathlib.Path, name: str) -> Settings:
    """One listener, one pool, everything routed to it; every port chosen by the kernel."""
    return {
        "listeners": [{"address": "127.0.0.1:0"}],
        "admin": {"address": "127.0.0.1:0"},
        "loops": 2,
        "spool": {"directory": str(directory)},
        "access_log": {"path": str(directory / f"{name}.access.log")},
        "pools": {"main": {"endpoints": endpoints}},
        "routes": [{"path": "/", "pool": "main"}],
    }


class Frontend(Process):
    def __init__(self, name: str, directory: pathlib.Path, settings: Settings, runner: Sequence[str] = ()):
        """`runner`: a command that turns itself into the one behind it, such as prlimit."""
        self.config_path = directory / f"{name}.yaml"
        self.config_path.write_text(yaml.safe_dump(settings, sort_keys=False))
        self.access_log_path = pathlib.Path(settings.get("access_log", {}).get("path", "/dev/null"))
        arguments = [*runner, binary("anteroom-frontend"), "--config", str(self.config_path)]
        super().__init__(name, arguments, directory)
        self.http: Address = self._logged_address("http")
        self.admin = self._logged_address("admin")

    def wait_access_log(self, condition: Callable[[Line], bool], timeout: float = 5.0) -> Line:
        """The first line for which the condition holds; waits for it."""
        return wait_until(
            lambda: next((line for line in self.access_log() if condition(line)), None),
            "a line in the access log",
            timeout,
            lambda: f"it holds {self.access_log()}",
        )

    def access_log(self) -> list[Line]:
        """The lines that are complete, parsed."""
        if not self.access_log_path.exists():
            return []
        text = self.access_log_path.read_bytes()
        return [json.loads(line) for line in text[: text.rfind(b"\n") + 1].splitlines()]
