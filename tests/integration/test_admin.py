"""The admin listeners of both tiers: health, metrics, status. They answer whatever the work."""

import json
import time

import pytest
from anteroom_harness.deadlines import scaled, wait_until
from anteroom_harness.http_client import get, request
from anteroom_harness.process import Process
from anteroom_harness.stack import Stack


def processes(stack: Stack) -> list[Process]:
    return [stack.frontend, stack.backend]


def test_live_and_ready(shared: Stack) -> None:
    for process in processes(shared):
        assert process.admin_status("/livez") == 200
        assert process.admin_status("/readyz") == 200


def test_what_is_not_there_is_404(shared: Stack) -> None:
    for process in processes(shared):
        assert process.admin_status("/nothing") == 404


def test_metrics_have_type_and_help(shared: Stack) -> None:
    shared.get("/diag/hello")
    for process in processes(shared):
        response = get(process.admin, "/metrics")
        assert response.header("Content-Type").startswith("text/plain")
        samples = shared.metrics(process)
        ours = {name for name in samples.types if name.startswith("anteroom_")}
        assert ours
        for name in ours:
            assert samples.helps.get(name), f"{name} has no help"
            assert samples.types[name] != "counter" or name.endswith("_total"), name


def test_status_is_json(shared: Stack) -> None:
    data = request(shared.frontend.admin, "GET", "/status", {"Accept": "application/json", "Connection": "close"})
    assert data.status == 200
    assert data.header("Content-Type").startswith("application/json")
    assert json.loads(data.body)


def test_the_public_listener_does_not_serve_admin_pages(stack: Stack) -> None:
    stack.start_backend()
    stack.start_frontend({"routes": [{"path": "/diag/", "pool": "main"}]})
    for target in ("/livez", "/readyz", "/metrics", "/status"):
        assert stack.get(target).status == 404


def test_a_front_end_without_backends_is_alive(stack: Stack) -> None:
    backend = stack.start_backend()
    stack.start_frontend()
    backend.kill()
    wait_until(lambda: stack.connect_failures() > 0, "the front end to notice")
    assert stack.frontend.admin_status("/livez") == 200


@pytest.mark.parametrize("which", [0, 1], ids=["frontend", "backend"])
def test_health_never_queues_behind_work(stack: Stack, which: int) -> None:
    stack.start(threads=2)
    connections = [stack.connect() for _ in range(20)]
    for number, connection in enumerate(connections):
        connection.send_request("GET", "/diag/burn?ms=3000", {"X-Id": f"burn-{number}"})
    stack.wait_started_count(2)
    process = processes(stack)[which]
    for _ in range(10):
        began = time.monotonic()
        assert process.admin_status("/livez") == 200
        assert process.admin_status("/readyz") == 200
        assert time.monotonic() - began < scaled(0.5)
    for connection in connections:
        connection.close()


def test_hostile_requests_to_the_admin_listener_do_no_harm(shared: Stack) -> None:
    for process in processes(shared):
        for target in ("/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/metrics/../../etc/passwd", "/" + "a" * 5000):
            try:
                assert b"root:" not in get(process.admin, target).body
            except ConnectionError:
                pass  # refusing to talk is fine, too
        assert process.admin_status("/livez") == 200
