"""TERM to a front end: it finishes what is under way, and no request that it took is lost."""

import signal

import pytest
from anteroom_harness.deadlines import wait_until
from anteroom_harness.http_client import ConnectionEnded
from anteroom_harness.load import Load
from anteroom_harness.stack import Stack


def test_no_request_is_lost_when_the_balancer_looks_at_readyz(stack: Stack, pump: str) -> None:
    # As on Kubernetes: not ready first, then no new connections come, then the end.
    stack.start(backends=2, settings={"drain": {"delay": "1s"}})
    frontend = stack.frontend
    with Load(frontend.http, clients=32, may_connect=frontend.ready) as load:
        load.wait_answers(500)
        frontend.terminate()
        load.wait_clients_ended()
    load.assert_no_failure()
    assert frontend.wait_exit() == 0


def test_two_front_ends_are_restarted_in_turn_under_load(stack: Stack) -> None:
    stack.start_backend(threads=4)
    stack.start_backend(threads=4)
    one, two = (stack.start_frontend({"drain": {"delay": "300ms"}}) for _ in range(2))
    with Load(two.http, clients=8) as lasting, Load(one.http, clients=8, may_connect=one.ready) as leaving:
        leaving.wait_answers(200)
        one.terminate()
        leaving.wait_clients_ended()
        lasting.wait_answers(200)
    leaving.assert_no_failure()
    lasting.assert_no_failure()
    assert one.wait_exit() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT, signal.SIGINT])
def test_what_is_under_way_is_finished_and_the_connection_closed(stack: Stack, number: signal.Signals) -> None:
    stack.start()
    with stack.connect() as connection:
        connection.send_request("GET", "/diag/sleep?ms=700", {"X-Id": "running"})
        stack.wait_started("running")
        stack.frontend.send_signal(number)
        response = connection.read_response()
        assert response.status == 200
        assert response.header("Connection") == "close"
        assert connection.is_closed_by_peer()
    assert stack.frontend.wait_exit() == 0


def test_an_empty_line_behind_a_request_holds_up_nothing(stack: Stack) -> None:
    stack.start(settings={"drain": {"timeout": "60s"}})
    with stack.connect(receive_buffer=4096) as connection:
        connection.send(b"GET /diag/bytes?n=3000000&chunk=100000 HTTP/1.1\r\nHost: t\r\n\r\n\r\n")
        assert connection.read_head().status == 200
        stack.frontend.terminate()
        wait_until(lambda: not stack.frontend.ready(), "the drain")
        connection.read_to_end()  # which comes with the end of the answer, not with that of the drain
    assert stack.frontend.wait_exit() == 0


def test_what_waits_in_the_queue_is_finished_too(stack: Stack) -> None:
    stack.start(threads=1)
    connections = [stack.connect() for _ in range(4)]
    for connection in connections:
        connection.send_request("GET", "/diag/sleep?ms=100")
    stack.wait_waiting(3)
    stack.frontend.terminate()
    for connection in connections:
        assert connection.read_response().status == 200
        connection.close()
    assert stack.frontend.wait_exit() == 0


def test_an_upload_under_way_is_taken_to_its_end(stack: Stack) -> None:
    stack.start()
    with stack.connect() as connection:
        connection.send_request("POST", "/diag/echo", {"Content-Length": "200000"})
        connection.send(bytes(100_000))
        wait_until(lambda: stack.open_connections() == 1, "the connection to be accepted")
        stack.frontend.terminate()
        stack.frontend.wait_not_ready()
        connection.send(bytes(100_000))
        assert connection.read_response().json()["body_length"] == 200_000
    assert stack.frontend.wait_exit() == 0


def test_idle_connections_do_not_delay_the_end(stack: Stack) -> None:
    stack.start()
    connections = [stack.connect() for _ in range(5)]
    for connection in connections:
        connection.send_request("GET", "/diag/hello")
        assert connection.read_response().status == 200
    stack.frontend.terminate()
    assert stack.frontend.wait_exit(timeout=3) == 0
    for connection in connections:
        assert connection.is_closed_by_peer()
        connection.close()


def test_what_does_not_end_is_cut_after_the_drain_timeout(stack: Stack) -> None:
    stack.start(settings={"drain": {"timeout": "500ms"}})
    with stack.connect() as connection:
        connection.send_request("GET", "/diag/sleep?ms=60000", {"X-Id": "endless"})
        stack.wait_started("endless")
        stack.frontend.terminate()
        stack.frontend.wait_exit(timeout=4)
        with pytest.raises(ConnectionEnded):
            connection.read_response()
    stack.frontend.expected_status = stack.frontend.wait_exit()
    assert stack.frontend.expected_status in (0, 1)


def test_a_second_int_ends_it_at_once(stack: Stack) -> None:
    stack.start()
    with stack.connect() as connection:
        connection.send_request("GET", "/diag/sleep?ms=60000", {"X-Id": "endless"})
        stack.wait_started("endless")
        stack.frontend.send_signal(signal.SIGINT)
        stack.frontend.wait_not_ready()
        stack.frontend.send_signal(signal.SIGINT)
        stack.frontend.expected_status = stack.frontend.wait_exit(timeout=2)
        assert stack.frontend.expected_status in (0, 1)


def test_not_ready_but_alive_and_serving_during_the_delay(stack: Stack) -> None:
    stack.start(settings={"drain": {"delay": "1500ms"}})
    stack.frontend.terminate()
    stack.frontend.wait_not_ready()
    assert stack.frontend.admin_status("/livez") == 200
    assert stack.get("/diag/hello").status == 200
    assert stack.frontend.wait_exit() == 0


def test_answers_say_close_only_after_the_delay_and_before_anything_is_closed(stack: Stack) -> None:
    stack.start(settings={"drain": {"delay": "500ms", "close": "5s"}})
    with stack.connect() as busy:
        stack.frontend.terminate()
        stack.frontend.wait_not_ready()
        busy.send_request("GET", "/diag/hello")
        assert busy.read_response().header("Connection") is None

        def told() -> bool:
            busy.send_request("GET", "/diag/hello")
            return busy.read_response().header("Connection") == "close"

        wait_until(told, "an answer that says close", explain=stack.log_tails)
        assert busy.is_closed_by_peer()
        response = stack.get("/diag/hello")  # still accepting
        assert (response.status, response.header("Connection")) == (200, "close")
    assert stack.frontend.wait_exit() == 0


def test_what_was_sent_behind_an_answer_under_way_is_answered(stack: Stack) -> None:
    """The head of the first answer went out before the drain began, and promised that there would be more."""
    size = 8 * 1024 * 1024
    stack.start(settings={"drain": {"close": "0s"}})
    with stack.connect(receive_buffer=4096, timeout=30) as connection:
        connection.send_request("GET", f"/diag/bytes?n={size}&chunk=65536")
        assert connection.read_head().header("Connection") is None
        connection.send_request("POST", "/diag/hello", {"X-Id": "behind"}, b"")
        wait_until(lambda: stack.metrics().sum("anteroom_frontend_sent_bytes_total") > 0, "the answer to begin")
        stack.frontend.terminate()
        stack.frontend.wait_not_ready()
        connection.read_chunked()
        response = connection.read_response()
        assert (response.status, response.header("Connection")) == (200, "close")
    assert stack.frontend.wait_exit() == 0
    assert stack.started_ids() == ["behind"]
