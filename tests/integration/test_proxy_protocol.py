"""The PROXY protocol: who the client is when a proxy forwards whole connections. The proxy here is 127.0.0.1."""

import ipaddress
import struct

import pytest
from anteroom_harness.deadlines import wait_until
from anteroom_harness.echo import fields_at_the_handler
from anteroom_harness.http_client import Connection
from anteroom_harness.stack import Stack

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
LOCAL, PROXY = 0x20, 0x21
CLIENT = "192.0.2.1"


def v1(client: str, family: str = "TCP4", destination: str = "198.51.100.1") -> bytes:
    return f"PROXY {family} {client} {destination} 4711 80\r\n".encode()


def v2(command: int, family: int, block: bytes = b"") -> bytes:
    return SIGNATURE + struct.pack(">BBH", command, family, len(block)) + block


def v2_from(client: str, extra: bytes = b"") -> bytes:
    address = ipaddress.ip_address(client).packed
    return v2(PROXY, 0x11 if len(address) == 4 else 0x21, address * 2 + struct.pack(">HH", 4711, 80) + extra)


def start(stack: Stack, trusted: list[str] | None = None, **settings: object) -> Stack:
    listeners = [{"address": "127.0.0.1:0", "proxy_protocol": "required"}]
    trusted = ["127.0.0.1"] if trusted is None else trusted
    return stack.start(settings={"listeners": listeners, "trusted_proxies": trusted, **settings})


def refused(stack: Stack, reason: str) -> int:
    return int(stack.metrics().sum("anteroom_frontend_proxy_protocol_refused_total", reason=reason))


@pytest.mark.parametrize(
    ("header", "client"),
    [
        (v1(CLIENT), CLIENT),
        (v1("2001:DB8::7", "TCP6", "::1"), "2001:db8::7"),
        (v1("::ffff:192.0.2.1", "TCP6", "::1"), CLIENT),
        (v2_from(CLIENT), CLIENT),
        (v2_from("2001:db8::7"), "2001:db8::7"),
        (v2_from(CLIENT, extra=b"\x01\0\x02h2\x04" + struct.pack(">H", 400) + bytes(400)), CLIENT),
        (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
        (v2(PROXY, 0x00), "127.0.0.1"),
        (v2(PROXY, 0x31, bytes(216)), "127.0.0.1"),
        (v2(LOCAL, 0x00), "127.0.0.1"),
    ],
)
def test_the_address_of_the_header_is_the_clients(stack: Stack, header: bytes, client: str) -> None:
    start(stack)
    with stack.connect() as connection:
        connection.send(header)
        for _ in range(2):  # it holds for the connection, not for the first request
            assert fields_at_the_handler(connection)["x-forwarded-for"][-1].endswith(client)
    line = stack.frontend.wait_access_log(lambda line: True)
    assert line["client"] == client


def test_a_header_may_come_in_pieces_and_with_the_request(stack: Stack) -> None:
    start(stack)
    request = b"GET /diag/hello HTTP/1.1\r\nHost: t\r\n\r\n"
    for header in (v1(CLIENT), v2_from(CLIENT)):
        with stack.connect() as connection:
            for byte in header + request:
                connection.send(bytes([byte]))
            assert connection.read_response().status == 200
        with stack.connect() as connection:
            connection.send(header + request + request)
            assert [connection.read_response().status for _ in range(2)] == [200, 200]
    wait_until(lambda: len(stack.frontend.access_log()) == 6, "all lines of the access log")
    assert {line["client"] for line in stack.frontend.access_log()} == {CLIENT}


def test_the_client_is_not_believed_because_its_proxy_is(stack: Stack) -> None:
    start(stack)
    spoofed = [("X-Forwarded-For", "6.6.6.6"), ("X-Real-IP", "6.6.6.6"), ("X-Forwarded-Proto", "https")]
    for header, peer in ((v1(CLIENT), CLIENT), (b"PROXY UNKNOWN\r\n", "127.0.0.1"), (v2(PROXY, 0x00), "127.0.0.1")):
        with stack.connect() as connection:
            connection.send(header)
            got = fields_at_the_handler(connection, spoofed)
        assert got["x-forwarded-for"] == [peer]
        assert got["x-forwarded-proto"] == ["http"]
        assert "x-real-ip" not in got


def test_a_trusted_proxy_behind_the_proxy_is_believed(stack: Stack) -> None:
    start(stack, trusted=["127.0.0.1", "10.0.0.0/8"])
    for header, hop in ((v1("10.1.2.3"), "10.1.2.3"), (v2(LOCAL, 0x00), "127.0.0.1")):
        with stack.connect() as connection:
            connection.send(header)
            assert fields_at_the_handler(connection, [("X-Forwarded-For", "6.6.6.6, 192.0.2.9")])["x-forwarded-for"] == [
                f"6.6.6.6, 192.0.2.9, {hop}"
            ]
    wait_until(lambda: len(stack.frontend.access_log()) == 2, "both lines of the access log")
    assert {line["client"] for line in stack.frontend.access_log()} == {"192.0.2.9"}


def test_a_stranger_is_closed_at_once(stack: Stack) -> None:
    start(stack, trusted=["10.0.0.0/8"])
    for _ in range(3):
        with stack.connect() as connection:
            assert connection.is_closed_by_peer()
    assert refused(stack, "untrusted") == 3
    stack.frontend.wait_log("connection refused: PROXY protocol peer=127.0.0.1 reason=not trusted")
    assert stack.frontend.log().count("connection refused: PROXY protocol") <= 2  # one a second on each loop
    assert stack.frontend.access_log() == []


BROKEN = [
    b"GET / HTTP/1.1\r\nHost: t\r\n\r\n",
    b"PROXY TCP4 192.0.2.1 198.51.100.1 4711\r\n",
    b"PROXY TCP4 192.0.2.1 198.51.100.1 4711 80\n",
    b"PROXY TCP4 192.0.2.01 198.51.100.1 4711 80\r\n",
    b"PROXY UNKNOWN " + b"x" * 100,
    v2(PROXY, 0x12, bytes(12)),
    v2(PROXY, 0x11, bytes(11)),
    v2(PROXY, 0x11, bytes(13)),
    v2(0x11, 0x11, bytes(12)),
    SIGNATURE + b"\x21\x11\xff\xff",
]


def test_what_is_no_header_is_closed_without_an_answer(stack: Stack) -> None:
    start(stack)
    for number, header in enumerate(BROKEN, start=1):
        with stack.connect() as connection:
            connection.send(header)
            connection.finish_sending()
            assert connection.is_closed_by_peer(), header[:40]
        wait_until(lambda: refused(stack, "malformed") == number, f"{header[:40]!r} to be counted")  # noqa: B023
    assert stack.metrics().sum("anteroom_frontend_requests_total") == 0
    assert stack.frontend.access_log() == []


def test_a_header_has_a_deadline(stack: Stack) -> None:
    start(stack, timeouts={"header": "300ms"})
    for begin in (b"", b"PROXY TCP4 192.0.2.1"):
        with stack.connect() as connection:
            connection.send(begin)
            assert connection.is_closed_by_peer()
    assert refused(stack, "late") == 2


def test_a_look_at_the_port_is_nothing_to_count(stack: Stack) -> None:
    start(stack)
    stack.connect().close()
    wait_until(lambda: stack.metrics().sum("anteroom_frontend_connections_accepted_total") == 1, "the connection")
    wait_until(lambda: stack.open_connections() == 0, "its end")
    assert [refused(stack, reason) for reason in ("untrusted", "malformed", "late")] == [0, 0, 0]


def test_connections_are_counted_by_the_address_of_the_client(stack: Stack) -> None:
    start(stack, limits={"connections_per_address": 1})
    with stack.connect() as first, stack.connect() as second, stack.connect() as third, stack.connect() as local:
        for connection, header in ((first, v1(CLIENT)), (second, v2_from("192.0.2.2")), (local, v2(LOCAL, 0x00))):
            connection.send(header)
            fields_at_the_handler(connection)
        third.send(v1(CLIENT))
        assert third.is_closed_by_peer()
        assert stack.metrics().sum("anteroom_frontend_connections_refused_by_address_total") == 1
    wait_until(lambda: stack.open_connections() == 0, "the connections to end")
    with stack.connect() as again:
        again.send(v1(CLIENT))
        fields_at_the_handler(again)


def test_a_drain_waits_for_nobody_who_has_said_nothing(stack: Stack) -> None:
    start(stack)
    with stack.connect() as silent, stack.connect() as named:
        named.send(v1(CLIENT))
        fields_at_the_handler(named)
        wait_until(lambda: stack.open_connections() == 2, "both connections")
        stack.frontend.terminate()
        assert silent.is_closed_by_peer()
        assert named.is_closed_by_peer()
        assert stack.frontend.wait_exit() == 0
