"""All backends are gone: requests wait, then are refused; when a backend returns, service resumes by itself."""

import pathlib
import threading
import time

from anteroom_harness.deadlines import scaled, wait_until
from anteroom_harness.http_client import Response
from anteroom_harness.stack import Stack

RETURN = 2.0  # seconds within which a returning backend must be in use


def test_requests_wait_then_get_503_while_files_are_served(stack: Stack, tmp_path: pathlib.Path, pump: str) -> None:
    (tmp_path / "www").mkdir()
    (tmp_path / "www/a.txt").write_text("still here")
    for _ in range(2):
        stack.start_backend()
    stack.start_frontend(
        {
            "pools": {"main": {"queue": {"wait": "700ms"}}},
            "routes": [{"path": "/static/", "static": {"root": str(tmp_path / "www")}}, {"path": "/", "pool": "main"}],
        }
    )
    for backend in stack.backends:
        backend.kill()
    began = time.monotonic()
    with stack.connect() as connection:
        connection.send_request("GET", "/diag/hello")
        assert stack.get("/static/a.txt").body == b"still here"
        response = connection.read_response()
        assert response.status == 503
        assert int(response.header("Retry-After")) >= 1
        assert 0.65 <= time.monotonic() - began < scaled(2)
    assert stack.get("/static/a.txt").status == 200


def test_a_waiting_request_is_served_when_a_backend_returns(stack: Stack, pump: str) -> None:
    stack.start(backends=2)
    for backend in stack.backends:
        backend.kill()
    answers: list[Response] = []
    waiting = threading.Thread(target=lambda: answers.append(stack.get("/diag/hello", timeout=20)))
    waiting.start()
    stack.wait_waiting(1)
    # Long enough that the pauses between attempts to connect have grown to the longest.
    wait_until(lambda: stack.connect_failures() >= 8, "several failed attempts", timeout=20)
    stack.restart_backend(stack.backends[0])
    returned = time.monotonic()
    waiting.join()
    assert answers and answers[0].status == 200
    assert time.monotonic() - returned < scaled(RETURN)


def test_a_front_end_that_starts_before_its_backends(stack: Stack) -> None:
    placeholder = stack.start_backend()
    placeholder.stop()
    stack.start_frontend(endpoints=[placeholder.endpoint], ready=False)
    stack.restart_backend(placeholder)
    began = time.monotonic()
    assert stack.get("/diag/hello").status == 200
    assert time.monotonic() - began < scaled(RETURN)
    stack.frontend.wait_ready()


def test_a_frozen_backend_that_is_replaced(stack: Stack) -> None:
    # Killed and started again on the same port, many times: each link is a new incarnation.
    stack.start(backends=1)
    for _ in range(5):
        stack.backends[-1].kill()
        stack.restart_backend(stack.backends[-1])
        assert stack.get("/diag/whoami", timeout=20).json()["pid"] == stack.backends[-1].pid
