"""A configuration that is not right is refused before anything starts: every fault at once, a line each, exit 78."""

import pathlib
import subprocess
from dataclasses import dataclass

import pytest
from anteroom_harness.binaries import binary, environment
from anteroom_harness.deadlines import scaled

GOOD = """\
listeners:
  - address: 127.0.0.1:0
admin:
  address: 127.0.0.1:0
pools:
  main:
    endpoints: [127.0.0.1:1]
routes:
  - {path: /, pool: main}
"""


@dataclass
class Ended:
    status: int
    faults: list[str]  # lines of standard error


def check(path: pathlib.Path, *arguments: str) -> Ended:
    """Runs until it ends by itself, which it must."""
    done = subprocess.run(
        [binary("anteroom-frontend"), "--config", str(path), *arguments],
        capture_output=True,
        text=True,
        timeout=scaled(10),
        env=environment(),
        stdin=subprocess.DEVNULL,
    )
    assert "Sanitizer" not in done.stderr, done.stderr
    return Ended(done.returncode, done.stderr.splitlines())


def write(tmp_path: pathlib.Path, text: str) -> pathlib.Path:
    path = tmp_path / "anteroom.yaml"
    path.write_text(text)
    return path


def test_a_good_one_passes_the_check(tmp_path: pathlib.Path) -> None:
    assert check(write(tmp_path, GOOD), "--check").status == 0


def test_every_setting_of_the_reference_is_accepted(tmp_path: pathlib.Path) -> None:
    text = """\
listeners:
  - address: 127.0.0.1:0
  - address: "[::1]:0"
admin: {address: 127.0.0.1:0}
loops: 2
spool: {directory: /var/tmp, memory_per_body: 256KiB, total: 4GiB}
limits: {body: 32MiB, connections: 15000, target: 16KiB, field: 8KiB, fields: 100, head: 32KiB}
timeouts: {header: 10s, body: 60s, idle: 1m, write: 500ms}
links: {pump: thread}
access_log: {path: "-"}
log: {level: info}
drain: {delay: 0s, timeout: 30s}
pools:
  gallery:
    endpoints: [127.0.0.1:7001, 127.0.0.1:7002]
    queue: {requests: 1000, bytes: 256MiB, wait: 30s}
    timeout: 60s
  other:
    dns: localhost:7000
routes:
  - {path: /static/, static: {root: /usr/share, index: start.html}}
  - path: /app/
    static:
      root: /usr/share
      cache_control: no-cache
      headers: {X-Frame-Options: DENY}
      types: {wat: text/wat}
      nosniff: false
      symlinks: within
      hidden: true
      fallback: index.html
      error_pages: {404: 404.html, 500: 500.html, 503: 503.html}
  - {path: /files/, static: {root: /usr/share, expires: 1h, listing: true}}
  - {host: api.example.com, path: /, pool: gallery, timeout: 5s, retry: never}
  - {path: /, pool: other, retry: always}
"""
    ended = check(write(tmp_path, text), "--check")
    assert ended.status == 0, ended.faults


# What is changed in GOOD, the line that the fault is on, and a word that the reason must contain.
FAULTS = {
    "unknown_key": ("admin:\n", "colour: red\nadmin:\n", 3, "colour"),
    "unknown_nested_key": ("    endpoints:", "    sice: 3\n    endpoints:", 7, "sice"),
    "two_listeners_alike": (
        "  - address: 127.0.0.1:0\n",
        "  - address: 127.0.0.1:8080\n  - address: 127.0.0.1:8080\n",
        3,
        "127.0.0.1:8080",
    ),
    "unknown_pool": ("pool: main", "pool: other", 9, "other"),
    "pool_without_endpoints": ("endpoints: [127.0.0.1:1]", "timeout: 1s", 6, "endpoints"),
    "pool_with_empty_endpoints": ("[127.0.0.1:1]", "[]", 7, "endpoints"),
    "bad_duration": ("    endpoints:", "    timeout: 5 parsecs\n    endpoints:", 7, "parsecs"),
    "number_without_unit": ("    endpoints:", "    timeout: 5\n    endpoints:", 7, "timeout"),
    "bad_size": ("    endpoints:", "    queue: {bytes: 3 apples}\n    endpoints:", 7, "apples"),
    "negative": ("    endpoints:", "    queue: {requests: -1}\n    endpoints:", 7, "requests"),
    "bad_address": ("    endpoints: [127.0.0.1:1]", "    endpoints: ['127.0.0.1:99999']", 7, "99999"),
    "path_without_slash": ("{path: /, pool", "{path: x, pool", 9, "path"),
    "pool_and_static": ("pool: main}", "pool: main, static: {root: /srv}}", 9, "static"),
    "neither_pool_nor_static": ("{path: /, pool: main}", "{path: /}", 9, "pool"),
    "static_root_is_not_there": ("pool: main}", "static: {root: www}}", 9, "root"),
    "static_header_of_the_server": ("pool: main}", "static: {root: /usr, headers: {ETag: x}}}", 9, "ETag"),
    "static_header_with_a_line_end": ("pool: main}", 'static: {root: /usr, headers: {A: "x\\r\\nB: y"}}}', 9, "ASCII"),
    "static_cache_control": ("pool: main}", "static: {root: /usr, cache_control: max-age 60}}", 9, "seconds"),
    "static_expires": ("pool: main}", "static: {root: /usr, expires: 9000h}}", 9, "8760h"),
    "static_type": ("pool: main}", "static: {root: /usr, types: {md: markdown}}}", 9, "media type"),
    "static_fallback": ("pool: main}", "static: {root: /usr, fallback: ../x}}", 9, "fallback"),
    "static_error_page": ("pool: main}", "static: {root: /usr, error_pages: {403: x}}}", 9, "403"),
    "static_listing": ("pool: main}", "static: {root: /usr, listing: maybe}}", 9, "false, true"),
    "static_symlinks": ("pool: main}", "static: {root: /usr, symlinks: all}}", 9, "within"),
    "wrong_type": ("listeners:\n  - address: 127.0.0.1:0\n", "listeners: none\n", 1, "listeners"),
    "bad_choice": ("admin:\n", "links: {pump: magic}\nadmin:\n", 3, "magic"),
    "twice_the_same_key": ("routes:\n", "pools: {}\nroutes:\n", 8, "pools"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("arguments", [(), ("--check",)], ids=["start", "check"])
def test_a_fault_is_one_line_with_file_line_and_reason(
    tmp_path: pathlib.Path, name: str, arguments: tuple[str, ...]
) -> None:
    old, new, line, word = FAULTS[name]
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new, 1))
    ended = check(path, *arguments)
    assert ended.status == 78
    assert len(ended.faults) == 1, ended.faults
    assert ended.faults[0].startswith(f"{path}:{line}:"), ended.faults[0]
    assert word in ended.faults[0].removeprefix(str(path)), ended.faults[0]


def test_all_faults_are_told_at_once(tmp_path: pathlib.Path) -> None:
    text = GOOD.replace("pool: main", "pool: other").replace("admin:\n", "colour: red\nadmin:\n")
    text = text.replace("    endpoints:", "    timeout: never\n    endpoints:")
    path = write(tmp_path, text)
    ended = check(path)
    assert ended.status == 78
    assert [fault.removeprefix(f"{path}:").split(":")[0] for fault in ended.faults] == ["3", "8", "11"]


@pytest.mark.parametrize(
    "text", ["pools: {main: [", "\t- x", "a: b: c", "[1, 2"], ids=["bracket", "tab", "colons", "list"]
)
def test_what_is_not_yaml_is_one_fault(tmp_path: pathlib.Path, text: str) -> None:
    path = write(tmp_path, "loops: 2\n" + text + "\n")
    ended = check(path)
    assert ended.status == 78
    assert len(ended.faults) == 1
    assert ended.faults[0].startswith(f"{path}:")


@pytest.mark.parametrize("text", ["", "# nothing\n", "just a word\n", "- a\n- list\n"])
def test_a_file_without_settings_is_refused(tmp_path: pathlib.Path, text: str) -> None:
    ended = check(write(tmp_path, text))
    assert ended.status == 78
    assert ended.faults


def test_a_missing_file_is_refused(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "missing.yaml"
    ended = check(path)
    assert ended.status == 78
    assert len(ended.faults) == 1
    assert str(path) in ended.faults[0]


def test_a_directory_is_not_a_configuration(tmp_path: pathlib.Path) -> None:
    ended = check(tmp_path)
    assert ended.status == 78
    assert str(tmp_path) in ended.faults[0]


def test_a_large_or_deep_file_does_no_harm(tmp_path: pathlib.Path) -> None:
    assert check(write(tmp_path, "[" * 20_000)).status == 78
    assert check(write(tmp_path, GOOD + "x" * 200_000 + ": 1\n")).status == 78
