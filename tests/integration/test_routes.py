"""The first route that matches host and path decides."""

import pathlib

import pytest
from anteroom_harness.http_client import request
from anteroom_harness.stack import Stack


@pytest.fixture
def routed(stack: Stack, tmp_path: pathlib.Path) -> Stack:
    """Two pools that can be told apart by process id, and two static trees."""
    one, two = stack.start_backend(), stack.start_backend()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "which.txt").write_text(name)
    stack.start_frontend(
        {
            "pools": {"main": None, "one": {"endpoints": [one.endpoint]}, "two": {"endpoints": [two.endpoint]}},
            "routes": [
                {"path": "/files/", "static": {"root": str(tmp_path / "a")}},
                {"host": "static.example", "path": "/", "static": {"root": str(tmp_path / "b")}},
                {"host": "two.example", "path": "/diag/", "pool": "two"},
                {"path": "/diag/whoami", "pool": "one"},
                {"host": "echo.example", "path": "/diag/", "pool": "one"},
            ],
        }
    )
    return stack


def pid_behind(stack: Stack, host: str) -> int:
    response = request(stack.frontend.http, "GET", "/diag/whoami", host=host)
    assert response.status == 200
    return response.json()["pid"]


def test_the_host_chooses_the_pool(routed: Stack) -> None:
    assert pid_behind(routed, "two.example") == routed.backends[1].pid
    assert pid_behind(routed, "other.example") == routed.backends[0].pid


def test_the_host_is_compared_without_case_and_port(routed: Stack) -> None:
    assert pid_behind(routed, "TWO.example") == routed.backends[1].pid
    assert pid_behind(routed, "two.example:8080") == routed.backends[1].pid


def test_the_authority_of_an_absolute_target_counts(routed: Stack) -> None:
    response = request(routed.frontend.http, "GET", "http://two.example/diag/whoami", host="two.example")
    assert response.json()["pid"] == routed.backends[1].pid


def test_the_first_match_wins(routed: Stack) -> None:
    # /files/ comes before the host's own tree.
    assert request(routed.frontend.http, "GET", "/files/which.txt", host="static.example").body == b"a"
    assert request(routed.frontend.http, "GET", "/which.txt", host="static.example").body == b"b"


def test_a_prefix_is_a_prefix_of_the_path(routed: Stack) -> None:
    assert routed.get("/diag/whoami?x=/files/").json()["pid"] == routed.backends[0].pid
    assert routed.get("/filesystem").status == 404


def test_what_no_route_matches_is_404(routed: Stack) -> None:
    with routed.connect() as connection:
        connection.send_request("GET", "/nowhere")
        assert connection.read_response().status == 404
        # And the connection lives on.
        connection.send_request("GET", "/diag/whoami")
        assert connection.read_response().status == 200


def test_a_body_for_no_route_is_not_taken_for_the_next_request(routed: Stack) -> None:
    smuggled = b"GET /diag/whoami HTTP/1.1\r\nHost: t\r\n\r\n"
    with routed.connect() as connection:
        connection.send_request("POST", "/nowhere", body=smuggled * 1000)
        response = connection.read_response()
        assert response.status == 404
        assert response.header("Connection") == "close"
        assert connection.is_closed_by_peer()


def test_the_handler_sees_what_the_client_sent(routed: Stack) -> None:
    fields = [("X-One", "1"), ("x-two", "a, b"), ("X-One", "again"), ("Connection", "X-Hop"), ("X-Hop", "gone")]
    response = request(routed.frontend.http, "GET", "/diag/echo?a=%20b&c", fields, host="echo.example")
    echo = response.json()
    assert (echo["method"], echo["target"]) == ("GET", "/diag/echo?a=%20b&c")
    received = [(name.lower(), value) for name, value in echo["headers"]]
    assert [value for name, value in received if name == "x-one"] == ["1", "again"]
    assert ("x-two", "a, b") in received
    assert not {"x-hop", "connection", "keep-alive", "transfer-encoding"} & {name for name, _ in received}
