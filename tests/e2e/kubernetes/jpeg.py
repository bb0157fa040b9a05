"""The size of a JPEG picture out of its header (ISO/IEC 10918-1, annex B), so that the test needs no imaging library."""

import struct


class NotJpeg(ValueError):
    pass


# Start-of-frame markers; C4, C8 and CC in that range are tables and an extension.
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def size(data: bytes) -> tuple[int, int]:
    """Width and height in pixels. Also demands that the picture ends as one: a cut body is no picture."""
    if not data.startswith(b"\xff\xd8"):
        raise NotJpeg(f"does not begin with SOI: {data[:16]!r}")
    if not data.endswith(b"\xff\xd9"):
        raise NotJpeg(f"does not end with EOI: {data[-16:]!r}")
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            raise NotJpeg(f"no marker at byte {at}")
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        if marker in _START_OF_FRAME:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        at += 2 + length
    raise NotJpeg("no start of frame")
