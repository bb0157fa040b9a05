"""Another configuration for a running front end, by SIGHUP."""

import signal
from typing import Any

import yaml

from .deadlines import wait_until
from .frontend import merged
from .stack import Stack


def reloads(stack: Stack, result: str = "ok") -> int:
    return int(stack.metrics().sum("anteroom_config_reloads_total", result=result))


def reload_text(stack: Stack, text: str, result: str = "ok") -> None:
    """Returns when the front end has gone over to it, or refused."""
    before = reloads(stack, result)
    stack.frontend.config_path.write_text(text)
    stack.frontend.send_signal(signal.SIGHUP)
    wait_until(lambda: reloads(stack, result) == before + 1, f"a reload that is {result}", explain=stack.log_tails)


def reload(stack: Stack, result: str = "ok", **changes: Any) -> None:
    """`changes` are laid over the settings that the file has."""
    settings = yaml.safe_load(stack.frontend.config_path.read_text())
    reload_text(stack, yaml.safe_dump(merged(settings, changes), sort_keys=False), result)
