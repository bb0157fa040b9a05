"""What handlers and the log are told of the client, by peers that we trust and by others. The peer here is 127.0.0.1."""

import re

import pytest
from anteroom_harness.echo import fields_at_the_handler
from anteroom_harness.stack import Stack

MADE_ID = re.compile("[0-9A-Za-z]{22}")
SPOOFED = [
    ("X-Forwarded-For", "6.6.6.6"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Host", "elsewhere.example"),
    ("X-Forwarded-Port", "8443"),
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
    assert not {"x-forwarded-host", "x-forwarded-port", "forwarded", "x-real-ip"} & got.keys()
    line = stack.frontend.wait_access_log(lambda line: True)
    assert line["client"] == "127.0.0.1"
    assert MADE_ID.fullmatch(line["id"])
    assert got["x-request-id"] == [line["id"]]


def test_a_trusted_proxy_is_believed_and_added(stack: Stack) -> None:
    stack.start(settings={"trusted_proxies": ["127.0.0.0/8", "10.0.0.0/8"]})
    headers = [("X-Forwarded-For", "6.6.6.6, 192.0.2.1"), ("X-Forwarded-For", "10.1.2.3"), *SPOOFED[1:]]
    got = echoed(stack, headers)
    assert got["x-forwarded-for"] == ["6.6.6.6, 192.0.2.1, 10.1.2.3, 127.0.0.1"]
    assert got["x-forwarded-proto"] == ["https"]
    assert got["x-forwarded-host"] == ["elsewhere.example"]
    assert got["x-forwarded-port"] == ["8443"]
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


def test_what_is_no_scheme_host_or_address_is_as_good_as_absent(stack: Stack) -> None:
    stack.start(settings={"trusted_proxies": ["127.0.0.1"]})
    got = echoed(
        stack, [("X-Forwarded-Proto", "gopher"), ("X-Forwarded-Host", "a/b"), ("X-Real-IP", "192.0.2.1:80")]
    )
    assert got["x-forwarded-proto"] == ["http"]
    assert not {"x-forwarded-host", "x-real-ip"} & got.keys()
    assert echoed(stack, [("X-Forwarded-Proto", "HTTPS")])["x-forwarded-proto"] == ["https"]


NOT_TAKEN = {
    "missing": [],
    "empty": [""],
    "quotes": ['a"b'],
    "a space": ["a b"],
    "too long": ["a" * 129],
    "twice the same": ["a", "a"],
    "two": ["a", "b"],
    "a good one behind a bad one": ['a"b', "a"],
}


@pytest.mark.parametrize("given", NOT_TAKEN.values(), ids=NOT_TAKEN)
def test_an_id_that_is_not_taken_is_replaced(stack: Stack, given: list[str]) -> None:
    """Missing, in need of quotes, too long, or more than one: the log and the handler have the same made one."""
    stack.start(settings={"trusted_proxies": ["127.0.0.1"]})
    got = echoed(stack, [("X-Request-ID", value) for value in given])
    line = stack.frontend.wait_access_log(lambda line: True)
    assert MADE_ID.fullmatch(line["id"])
    assert got["x-request-id"] == [line["id"]]


@pytest.mark.parametrize("trusted", [[], ["127.0.0.1"]], ids=["stranger", "trusted"])
def test_reserved_names_never_reach_a_handler(stack: Stack, trusted: list[str]) -> None:
    stack.start(settings={"trusted_proxies": trusted})
    got = echoed(stack, [("Proxy", "http://evil.example/"), ("X-Anteroom-Client", "6.6.6.6"), ("X-Other", "1")])
    assert not {"proxy", "x-anteroom-client"} & got.keys()
    assert got["x-other"] == ["1"]


def test_a_trace_goes_on_and_a_missing_one_begins(stack: Stack) -> None:
    stack.start()
    given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    got = echoed(stack, [("traceparent", given), ("tracestate", "vendor=1")])
    assert (got["traceparent"], got["tracestate"]) == ([given], ["vendor=1"])
    sent = [("traceparent", given), ("tracestate", "vendor=1")]
    for headers in (
        [],
        [("traceparent", given.upper()), ("tracestate", "vendor=1")],
        [*sent, ("Connection", "traceparent")],
        [*sent, ("traceparent", given)],
    ):
        got = echoed(stack, headers)
        assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-00", got["traceparent"][0])
        assert len(got["traceparent"]) == 1
        assert given not in got["traceparent"]
        assert "tracestate" not in got
