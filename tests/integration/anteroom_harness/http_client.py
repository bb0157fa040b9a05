"""A raw connection: exact bytes out, parsed responses in. Knows just enough HTTP to find the end of a response."""

import hashlib
import json
import select
import socket
from dataclasses import dataclass, field
from typing import Any

from .deadlines import scaled

CRLF = b"\r\n"


class ConnectionEnded(ConnectionError):
    """The peer closed (or reset) before the response was complete."""


@dataclass
class Response:
    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes = b""
    interim: list[int] = field(default_factory=list)  # statuses of the 1xx responses that came first
    raw_head: bytes = b""

    def header(self, name: str) -> str | None:
        """The value of a field that must not occur twice."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} occurs {len(values)} times"
        return values[0] if values else None

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def json(self) -> Any:
        return json.loads(self.body)

    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


class Connection:
    """One connection, over TCP or (when `address` is a path) a Unix socket. Every read has a deadline (`timeout`, scaled)."""

    def __init__(
        self,
        address: tuple[str, int] | str,
        timeout: float = 10.0,
        receive_buffer: int | None = None,
        source: str | None = None,
    ):
        tcp = not isinstance(address, str)
        self._socket = socket.socket((socket.AF_INET6 if ":" in address[0] else socket.AF_INET) if tcp else socket.AF_UNIX)
        if receive_buffer is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._socket.settimeout(scaled(timeout))
        if tcp:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if source is not None:
            self._socket.bind((source, 0))
        self._socket.connect(address)
        self._buffer = b""

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def local_port(self) -> int:
        return self._socket.getsockname()[1]

    # -- out

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def send_request(
        self,
        method: str,
        target: str,
        headers: dict[str, str] | list[tuple[str, str]] | None = None,
        body: bytes | None = None,
        host: str = "test",
    ) -> None:
        fields = list(headers.items()) if isinstance(headers, dict) else list(headers or [])
        if body is not None:
            fields.append(("Content-Length", str(len(body))))
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in fields)]
        self.send("\r\n".join(lines).encode("latin-1") + CRLF + CRLF + (body or b""))

    def send_chunk(self, data: bytes) -> None:
        """One chunk of a chunked body; an empty one ends the body."""
        self.send(f"{len(data):x}".encode() + CRLF + data + (CRLF if data else CRLF))

    def finish_sending(self) -> None:
        self._socket.shutdown(socket.SHUT_WR)

    # -- in

    def _more(self) -> None:
        try:
            data = self._socket.recv(256 * 1024)
        except ConnectionError as error:
            raise ConnectionEnded(f"{error} with {len(self._buffer)} bytes of a response read") from error
        if not data:
            raise ConnectionEnded(f"closed with {len(self._buffer)} bytes of a response read")
        self._buffer += data

    def read_until(self, delimiter: bytes) -> bytes:
        """Up to and with the delimiter."""
        while (end := self._buffer.find(delimiter)) < 0:
            self._more()
        end += len(delimiter)
        data, self._buffer = self._buffer[:end], self._buffer[end:]
        return data

    def read_exactly(self, count: int) -> bytes:
        pieces, missing = [self._buffer[:count]], count - len(self._buffer[:count])
        self._buffer = self._buffer[count:]
        while missing > 0:
            self._more()
            piece, self._buffer = self._buffer[:missing], self._buffer[missing:]
            pieces.append(piece)
            missing -= len(piece)
        return b"".join(pieces)

    def read_head(self) -> Response:
        """One head, which may be an interim one."""
        raw = self.read_until(CRLF + CRLF)
        status_line, *lines = raw[:-4].decode("latin-1").split("\r\n")
        version, status, reason = (status_line.split(" ", 2) + [""])[:3]
        assert version == "HTTP/1.1", f"not a status line: {status_line!r}"
        headers = []
        for line in lines:
            name, colon, value = line.partition(":")
            assert colon and name and name == name.strip(), f"not a field line: {line!r}"
            headers.append((name, value.strip()))
        return Response(int(status), reason, headers, raw_head=raw)

    def read_response(self, method: str = "GET") -> Response:
        """One final response with its body; `method` is that of the request (HEAD has no body)."""
        interim = []
        response = self.read_head()
        while response.status < 200:
            interim.append(response.status)
            response = self.read_head()
        response.interim = interim
        response.body = self._read_body(response, method)
        return response

    def _read_body(self, response: Response, method: str) -> bytes:
        if method == "HEAD" or response.status in (204, 304):
            return b""
        coding, length = response.header("Transfer-Encoding"), response.header("Content-Length")
        assert coding is None or length is None, "both Transfer-Encoding and Content-Length"
        if coding is not None:
            assert coding.lower() == "chunked", f"unknown transfer coding {coding!r}"
            return self.read_chunked()
        if length is not None:
            return self.read_exactly(int(length))
        assert (response.header("Connection") or "").lower() == "close", "a body without framing on an open connection"
        return self.read_to_end()

    def read_chunked(self) -> bytes:
        """The body behind a head with Transfer-Encoding."""
        pieces = []
        while size := int(self.read_until(CRLF)[:-2].split(b";")[0], 16):
            pieces.append(self.read_exactly(size))
            assert self.read_exactly(2) == CRLF, "a chunk that is longer than it says"
        while self.read_until(CRLF) != CRLF:
            pass  # trailer fields
        return b"".join(pieces)

    def read_to_end(self) -> bytes:
        """Everything up to the peer's orderly close."""
        pieces = [self._buffer]
        self._buffer = b""
        while data := self._receive():
            pieces.append(data)
        return b"".join(pieces)

    def _receive(self) -> bytes:
        try:
            return self._socket.recv(256 * 1024)
        except ConnectionError as error:
            raise ConnectionEnded(str(error)) from error

    def is_closed_by_peer(self) -> bool:
        """Reads to the end: true when the peer closes, in order or by reset, and sends nothing before."""
        try:
            return self.read_to_end() == b""
        except ConnectionEnded:
            return True

    def has_input(self) -> bool:
        """Whether there is something to be read, or the end."""
        return bool(self._buffer or select.select([self._socket], [], [], 0)[0])

    def receives_nothing_for(self, seconds: float) -> bool:
        """True when neither data nor a close arrives in that time (of the outside world, not scaled)."""
        assert not self._buffer, f"already received {self._buffer!r}"
        before = self._socket.gettimeout()
        self._socket.settimeout(seconds)
        try:
            self._buffer = self._socket.recv(1)
            return False
        except TimeoutError:
            return True
        finally:
            self._socket.settimeout(before)

    # -- end

    def reset(self) -> None:
        """Leaves at once with RST, as a client that crashed does."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self._socket.close()

    def close(self) -> None:
        self._socket.close()


def request(
    address: tuple[str, int],
    method: str,
    target: str,
    headers: dict[str, str] | list[tuple[str, str]] | None = None,
    body: bytes | None = None,
    host: str = "test",
    timeout: float = 10.0,
) -> Response:
    """One exchange on a connection of its own."""
    with Connection(address, timeout) as connection:
        connection.send_request(method, target, headers, body, host)
        return connection.read_response(method)


def get(address: tuple[str, int], target: str, timeout: float = 10.0) -> Response:
    return request(address, "GET", target, {"Connection": "close"}, timeout=timeout)
