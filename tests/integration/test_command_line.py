"""Exit codes: 0 fine, 1 cannot run, 2 wrong usage."""

import pathlib
import re
import socket
import subprocess

import pytest
from anteroom_harness.binaries import binary, environment
from anteroom_harness.deadlines import scaled
from anteroom_harness.stack import Stack

PROGRAMS = ["anteroom-frontend", "anteroom-backend"]


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [binary(program), *arguments],
        capture_output=True,
        text=True,
        timeout=scaled(10),
        env=environment(),
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("program", PROGRAMS)
def test_version(program: str) -> None:
    done = run(program, "--version")
    assert done.returncode == 0
    assert re.search(r"\b\d+\.\d+\.\d+\b", done.stdout)


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("arguments", [["--no-such-flag"], ["stray"]], ids=str)
def test_wrong_usage_is_2_and_says_what_is_wrong(program: str, arguments: list[str]) -> None:
    done = run(program, *arguments)
    assert done.returncode == 2
    assert arguments[0] in done.stderr


@pytest.mark.parametrize("arguments", [[], ["--config"]], ids=str)
def test_a_front_end_needs_a_configuration(arguments: list[str]) -> None:
    done = run("anteroom-frontend", *arguments)
    assert done.returncode == 2
    assert "--config" in done.stderr


@pytest.mark.parametrize(
    "arguments", [["--threads", "many"], ["--threads", "-1"], ["--listen", "nowhere"], ["--listen"]], ids=str
)
def test_a_backend_checks_its_flags(arguments: list[str]) -> None:
    done = run("anteroom-backend", *arguments)
    assert done.returncode in (2, 78)
    assert arguments[0].lstrip("-") in done.stderr


@pytest.fixture
def taken_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        yield holder.getsockname()[1]


@pytest.mark.parametrize("what", ["listeners", "admin"])
def test_a_front_end_whose_port_is_taken_is_1(tmp_path: pathlib.Path, taken_port: int, what: str) -> None:
    ports = {"listeners": 0, "admin": 0, what: taken_port}
    config = tmp_path / "config.yaml"
    config.write_text(
        f"listeners: [{{address: '127.0.0.1:{ports['listeners']}'}}]\n"
        f"admin: {{address: '127.0.0.1:{ports['admin']}'}}\n"
        "pools: {main: {endpoints: ['127.0.0.1:1']}}\n"
        "routes: [{path: /, pool: main}]\n"
    )
    done = run("anteroom-frontend", "--config", str(config))
    assert done.returncode == 1
    assert f"127.0.0.1:{taken_port}" in done.stderr


@pytest.mark.parametrize("flag", ["--listen", "--admin"])
def test_a_backend_whose_port_is_taken_is_1(taken_port: int, flag: str) -> None:
    addresses = {"--listen": "127.0.0.1:0", "--admin": "127.0.0.1:0", flag: f"127.0.0.1:{taken_port}"}
    done = run("anteroom-backend", *(word for pair in addresses.items() for word in pair))
    assert done.returncode == 1
    assert str(taken_port) in done.stderr


def test_a_second_front_end_on_the_same_port_is_1(stack: Stack) -> None:
    # The loops of one process share a port through SO_REUSEPORT; another process must not join them unnoticed.
    stack.start()
    port = stack.frontend.http[1]
    config = stack.directory / "second.yaml"
    config.write_text(
        f"listeners: [{{address: '127.0.0.1:{port}'}}]\n"
        "admin: {address: '127.0.0.1:0'}\n"
        f"pools: {{main: {{endpoints: ['{stack.backend.endpoint}']}}}}\n"
        "routes: [{path: /, pool: main}]\n"
    )
    done = run("anteroom-frontend", "--config", str(config))
    assert done.returncode == 1
    assert f"127.0.0.1:{port}" in done.stderr


def test_a_second_backend_on_the_same_port_is_1(stack: Stack) -> None:
    backend = stack.start_backend()
    done = run("anteroom-backend", "--listen", backend.endpoint, "--admin", "127.0.0.1:0")
    assert done.returncode == 1
    assert backend.endpoint in done.stderr


def test_diagnostic_handlers_are_off_unless_asked_for(stack: Stack) -> None:
    backend = stack.start_backend(diag=False)
    stack.start_frontend(endpoints=[backend.endpoint])
    for name in ("hello", "crash", "hang", "echo"):
        assert stack.get(f"/diag/{name}").status == 404
