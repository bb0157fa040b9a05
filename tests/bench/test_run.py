"""The benchmark itself works: a quick run with whatever servers are here, its usage, and that nothing outlives it."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import pytest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
BIN_DIR = pathlib.Path(os.environ.get("ANTEROOM_BIN_DIR", REPOSITORY / "build/release/bin"))
RUN = [sys.executable, str(REPOSITORY / "bench" / "run.py"), "--build", str(BIN_DIR.parent)]
needs_wrk = pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")


def descendants(pid):
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in found.stdout.split()]


@needs_wrk
def test_quick_run_of_everything_is_valid(tmp_path):
    finished = subprocess.run(
        [*RUN, "--quick", "--results", str(tmp_path)], capture_output=True, text=True, timeout=400, check=False
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "INVALID" not in finished.stdout
    (record,) = tmp_path.glob("*.json")
    suites = json.loads(record.read_text())["suites"]
    assert list(suites) == ["dynamic", "static", "post", "idle", "dispatch", "slow", "crowd", "large", "wakeups"]
    assert {row["peer"] for row in suites["static"]["loops"]} >= {"Anteroom", "minimal responder"}
    assert [state["name"] for state in suites["static"]["backends"]] == ["idle", "idle again", "busy", "dead"]
    for row in suites["dynamic"]["rows"] + suites["static"]["rows"] + suites["post"]["rows"]:
        assert row["rate"] > 0
        assert row["cpu_us"] > 0
        assert row["errors"] == {}
    crowds = [crowd for phase in suites["slow"]["phases"] for crowd in phase["crowds"]]
    for crowd in crowds + [row["crowd"] for row in suites["crowd"]["rows"]]:
        assert crowd["completed"] == crowd["count"]
    assert {row["direction"] for row in suites["large"]["rows"]} >= {"down"}


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["--connections", "0"], ["--only", "1k,both"], ["--rounds", "0"], ["--seconds", "0"]]
)
def test_wrong_usage_exits_2(arguments):
    finished = subprocess.run([*RUN, *arguments], capture_output=True, text=True, timeout=20, check=False)
    assert finished.returncode == 2
    assert "usage:" in finished.stderr


@needs_wrk
def test_missing_servers_are_named_and_a_run_without_any_fails(tmp_path):
    (tmp_path / "wrk").symlink_to(shutil.which("wrk"))
    environment = {**os.environ, "PATH": str(tmp_path)}
    finished = subprocess.run(
        [sys.executable, str(REPOSITORY / "bench" / "run.py"), "--quick", "--only", "1k", "--build", str(tmp_path)],
        capture_output=True, text=True, timeout=60, check=False, env=environment,
    )  # fmt: skip
    assert finished.returncode == 1
    assert "nginx skipped" in finished.stdout
    assert "nothing was measured" in finished.stdout


def test_without_its_client_the_run_fails(tmp_path):
    finished = subprocess.run(
        [*RUN, "--quick", "--only", "1k"],
        capture_output=True, text=True, timeout=60, check=False, env={**os.environ, "PATH": str(tmp_path)},
    )  # fmt: skip
    assert finished.returncode == 1
    assert "INVALID: wrk is not there" in finished.stdout


@needs_wrk
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_servers_end_with_an_interrupted_run(number, code):
    process = subprocess.Popen(
        [*RUN, "--only", "1k", "--connections", "1", "--seconds", "30", "--results", "/dev/null/none"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 30
    # wrk is started last, once every server is up.
    while not (children := [pid for pid in descendants(process.pid) if name_of(pid) == "wrk"]):
        assert process.poll() is None and time.monotonic() < deadline, "the load never began"
        time.sleep(0.05)
    servers = [pid for pid in descendants(process.pid) if pid not in children]
    assert servers
    process.send_signal(number)
    assert process.wait(timeout=30) == code
    assert [pid for pid in servers if os.path.exists(f"/proc/{pid}")] == []


def name_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    except FileNotFoundError:
        return ""
