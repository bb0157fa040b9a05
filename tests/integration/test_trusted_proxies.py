"""What handlers and the log are told of the client, by peers that we trust and by others. The peer here is 127.0.0.1."""

import re

from anteroom_harness.echo import fields_at_the_handler
from anteroom_harness.stack import Stack

SPOOFED = [
    ("X-Forwarded-For", "6.6.6.6"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Host", "elsewhere.example"),
    ("Forwarded", "for=6.6.6.6"),
    ("X-Real-IP", "6.6.6.6"),
    ("X-Request-ID", "given-by-the-client"),
    ("Connection", "X-Forwarded-For, X-Forwarded-Proto"),
]


def echoed(stack: Stack, headers: list[tuple[str, str]]) -> dict[str, list[str]]:
    with stack.connect() as connection:
        return fields_at_the_handler(connection, headers)


def test_a_stranger_is_not_believed(stack: Stack, pump: str) -> None:
    stack.start(settings={"trusted_proxies": ["10.0.0.0/8"]})
    got = echoed(stack, SPOOFED)
    assert got["x-forwarded-for"] == ["127.0.0.1"]
    assert got["x-forwarded-proto"] == ["http"]
    assert not {"x-forwarded-host", "forwarded", "x-real-ip", "x-request-id"} & got.keys()
    line = stack.frontend.wait_access_log(lambda line: True)
    assert line["client"] == "127.0.0.1"
    assert line["id"] != "given-by-the-client"


def test_a_trusted_proxy_is_believed_and_added(stack: Stack) -> None:
    stack.start(settings={"trusted_proxies": ["127.0.0.0/8", "10.0.0.0/8"]})
    headers = [("X-Forwarded-For", "6.6.6.6, 192.0.2.1"), ("X-Forwarded-For", "10.1.2.3"), *SPOOFED[1:]]
    got = echoed(stack, headers)
    assert got["x-forwarded-for"] == ["6.6.6.6, 192.0.2.1, 10.1.2.3, 127.0.0.1"]
    assert got["x-forwarded-proto"] == ["https"]
    assert got["x-forwarded-host"] == ["elsewhere.example"]
    assert got["forwarded"] == ["for=6.6.6.6, for=127.0.0.1;proto=http"]
    assert got["x-real-ip"] == ["6.6.6.6"]
    assert got["x-request-id"] == ["given-by-the-client"]
    line = stack.frontend.wait_access_log(lambda line: True)
    assert line["client"] == "192.0.2.1"
    assert line["id"] == "given-by-the-client"


def test_what_a_client_said_before_its_proxy_is_not_passed_on(stack: Stack) -> None:
    """Proxies that append: the client's own words stand to the left of theirs, and handlers may look there."""
    stack.start(settings={"trusted_proxies": ["127.0.0.0/8", "10.0.0.0/8"]})
    headers = [
        ("X-Forwarded-For", "6.6.6.6, 192.0.2.1, 10.1.2.3"),
        ("X-Forwarded-Proto", "gopher"),
        ("X-Forwarded-Proto", "https, http"),
        ("X-Forwarded-Host", "evil.example, shop.example, inner.example"),
        ("X-Real-IP", "6.6.6.6"),
        ("X-Real-IP", "192.0.2.1"),
        ("X-Real-IP", "10.1.2.3"),
    ]
    got = echoed(stack, headers)
    assert got["x-forwarded-for"] == ["6.6.6.6, 192.0.2.1, 10.1.2.3, 127.0.0.1"]
    assert got["x-forwarded-proto"] == ["https"]
    assert got["x-forwarded-host"] == ["shop.example"]
    assert got["x-real-ip"] == ["192.0.2.1"]
    assert echoed(stack, [])["x-forwarded-proto"] == ["http"]


def test_an_id_that_would_need_quoting_is_not_taken(stack: Stack) -> None:
    stack.start(settings={"trusted_proxies": ["127.0.0.1"]})
    echoed(stack, [("X-Request-ID", 'a"b')])
    assert re.fullmatch("[0-9A-Za-z]{22}", stack.frontend.wait_access_log(lambda line: True)["id"])


def test_a_trace_goes_on_and_a_missing_one_begins(stack: Stack) -> None:
    stack.start()
    given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    got = echoed(stack, [("traceparent", given), ("tracestate", "vendor=1")])
    assert (got["traceparent"], got["tracestate"]) == ([given], ["vendor=1"])
    for headers in ([], [("traceparent", given.upper()), ("tracestate", "vendor=1")]):
        got = echoed(stack, headers)
        assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-00", got["traceparent"][0])
        assert len(got["traceparent"]) == 1
        assert "tracestate" not in got
