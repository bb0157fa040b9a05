"""A backend dies without a word. What may be sent again is, once; what may not is one 502."""

import threading
import time

import pytest
from anteroom_harness.backend import Backend
from anteroom_harness.deadlines import scaled, wait_until
from anteroom_harness.http_client import Connection, Response
from anteroom_harness.load import Load
from anteroom_harness.stack import Stack


def runner_of(stack: Stack, name: str) -> Backend:
    """The backend whose handler runs the request with that X-Id."""
    stack.wait_started(name)
    return next(backend for backend in stack.backends if name in backend.started_ids())


def kill_under(stack: Stack, method: str, headers: dict[str, str], body: bytes | None = None) -> Response:
    """Sends a request, kills the backend in the middle of it, and returns what the client gets."""
    with stack.connect(timeout=30) as connection:
        connection.send_request(method, "/diag/sleep?ms=1500", {"X-Id": "victim"} | headers, body)
        runner_of(stack, "victim").kill()
        return connection.read_response(method)


def test_killing_one_of_two_under_load_fails_no_get(stack: Stack, pump: str) -> None:
    stack.start(backends=2)
    with Load(stack.frontend.http, clients=32) as load:
        for round_number in range(3):
            load.wait_answers(1000)
            stack.backends[-1].kill()
            load.wait_answers(1000)
            stack.restart_backend(stack.backends[-1])
    load.assert_no_failure()


def test_killing_one_of_two_in_the_middle_of_slow_gets_fails_none(stack: Stack) -> None:
    stack.start(backends=2, threads=16)
    with Load(stack.frontend.http, target="/diag/sleep?ms=100", clients=32) as load:
        load.wait_answers(64)
        stack.backends[0].kill()
        load.wait_answers(64)
    load.assert_no_failure()


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_an_idempotent_request_is_redone_elsewhere(stack: Stack, method: str) -> None:
    stack.start(backends=2)
    assert kill_under(stack, method, {}).status == 200
    assert stack.started_ids().count("victim") == 2


def test_a_post_is_not_sent_twice_and_gets_one_502(stack: Stack, pump: str) -> None:
    stack.start(backends=2)
    response = kill_under(stack, "POST", {}, b"transfer 100")
    assert response.status == 502
    assert stack.started_ids().count("victim") == 1
    line = stack.frontend.wait_access_log(lambda line: line["status"] == 502)
    assert line["outcome"] == "backend_lost"


def test_a_connection_survives_its_502(stack: Stack) -> None:
    stack.start(backends=2)
    with stack.connect(timeout=30) as connection:
        connection.send_request("POST", "/diag/sleep?ms=1500", {"X-Id": "victim"}, b"x")
        runner_of(stack, "victim").kill()
        assert connection.read_response().status == 502
        connection.send_request("GET", "/diag/hello")
        assert connection.read_response().status == 200


def test_an_idempotency_key_makes_a_post_safe_to_redo(stack: Stack) -> None:
    stack.start(backends=2)
    assert kill_under(stack, "POST", {"Idempotency-Key": "k-1"}, b"x" * 200_000).status == 200
    assert stack.started_ids().count("victim") == 2


def test_a_route_may_forbid_redoing(stack: Stack) -> None:
    for _ in range(2):
        stack.start_backend()
    stack.start_frontend({"routes": [{"path": "/", "pool": "main", "retry": "never"}]})
    assert kill_under(stack, "GET", {}).status == 502
    assert stack.started_ids().count("victim") == 1


def test_a_route_may_allow_redoing_everything(stack: Stack) -> None:
    for _ in range(2):
        stack.start_backend()
    stack.start_frontend({"routes": [{"path": "/", "pool": "main", "retry": "always"}]})
    assert kill_under(stack, "POST", {}, b"x").status == 200


def test_posts_that_had_not_started_are_not_lost(stack: Stack) -> None:
    # One thread each and twelve POSTs. When a backend dies, one runs there, and one more may be on its way there; all
    # others must not notice.
    stack.start(backends=2, threads=1)
    statuses: list[int] = []

    def post(connection: Connection, number: int) -> None:
        connection.send_request("POST", "/diag/sleep?ms=300", {"X-Id": f"post-{number}"}, b"x")
        statuses.append(connection.read_response().status)

    connections = [stack.connect(timeout=60) for _ in range(12)]
    threads = [threading.Thread(target=post, args=pair) for pair in zip(connections, range(12))]
    for thread in threads:
        thread.start()
    stack.wait_started_count(2)
    stack.backends[0].kill()
    for thread in threads:
        thread.join()
    for connection in connections:
        connection.close()
    assert 1 <= statuses.count(502) <= 2
    assert statuses.count(200) == 12 - statuses.count(502)
    assert len(stack.started_ids()) == len(set(stack.started_ids()))


def test_an_answer_that_had_begun_is_never_redone(stack: Stack) -> None:
    stack.start(backends=2)
    with stack.connect() as connection:
        connection.send_request("GET", "/diag/bytes?n=1000000&chunk=1000&delay_ms=20", {"X-Id": "victim"})
        assert connection.read_head().status == 200
        runner_of(stack, "victim").kill()
        try:
            rest = connection.read_to_end()
        except ConnectionError:
            rest = b""
        assert len(rest) < 1_000_000
        assert not rest.endswith(b"\r\n0\r\n\r\n")
    assert stack.started_ids().count("victim") == 1
    stack.frontend.wait_access_log(lambda line: line["outcome"] == "cut")


def test_a_handler_that_crashes_its_process_costs_one_request(stack: Stack) -> None:
    stack.start(backends=2)
    for backend in stack.backends:
        backend.tolerate_crash()
    with stack.connect() as connection:
        connection.send_request("POST", "/diag/crash", body=b"")
        assert connection.read_response().status == 502
    assert stack.get("/diag/hello").status == 200
    # The links break before the process is gone: abort() may still be at it.
    wait_until(
        lambda: [backend.running() for backend in stack.backends].count(True) == 1, "the end of one backend", timeout=10
    )


def test_a_request_that_lost_its_backend_waits_no_longer_than_the_queue_allows(stack: Stack) -> None:
    """From the loss on, however long ago the request came: the wait does not round up to some look at it."""
    stack.start(settings={"pools": {"main": {"queue": {"wait": "700ms"}}}})
    with stack.connect(timeout=30) as connection:
        connection.send_request("GET", "/diag/sleep?ms=60000", {"X-Id": "victim"})
        stack.wait_started("victim")
        stack.backend.kill()
        began = time.monotonic()
        assert connection.read_response("GET").status == 503
        waited = time.monotonic() - began
    assert 0.6 < waited < 0.7 + scaled(0.4)
