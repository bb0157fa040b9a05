"""Reads tests/frontend/http/vectors, whose README has the format; the unit tests of the parser read the same files."""

import pathlib
import re
from dataclasses import dataclass

from .binaries import REPOSITORY

DIRECTORY = REPOSITORY / "tests/frontend/http/vectors"
ESCAPES = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "s": b" ", "\\": b"\\"}
REPETITION = re.compile(r"\{(\d+) ")


@dataclass(frozen=True)
class Vector:
    name: str  # file/Name
    data: bytes
    verdict: str  # "accept", "incomplete" or "400 label"
    complete: int  # requests that end, before the error if there is one
    method: str  # of the last request, where the vector says so

    @property
    def status(self) -> int | None:
        """Of the error; None where there is none."""
        return int(self.verdict[:3]) if self.verdict[0].isdigit() else None


def unescape(text: str) -> bytes:
    data, end = _unescape(text, 0, inside=False)
    assert end == len(text)
    return data


def _unescape(text: str, at: int, inside: bool) -> tuple[bytes, int]:
    """From `at` to the end, or behind the brace that ends a repetition."""
    out = bytearray()
    while at < len(text):
        char = text[at]
        at += 1
        if char == "}" and inside:
            return bytes(out), at
        if char != "\\":
            out += char.encode("ascii")
            continue
        kind = text[at]
        if kind == "x":
            out.append(int(text[at + 1 : at + 3], 16))
            at += 3
        elif kind == "{":
            repetition = REPETITION.match(text, at)
            assert repetition, f"not a repetition: {text[at : at + 20]!r}"
            piece, at = _unescape(text, repetition.end(), inside=True)
            out += piece * int(repetition.group(1))
        else:
            out += ESCAPES[kind]
            at += 1
    assert not inside, "a repetition does not end"
    return bytes(out), at


def _vector(file: str, name: str, data: str, expectations: list[str]) -> Vector:
    verdict, *more = expectations
    said = dict(line.split(":", 1) for line in more)
    complete = int(said.get("complete", 0))
    if verdict.startswith("accept"):
        verdict, _, count = verdict.partition(" ")
        complete = int(count or 1)
    return Vector(f"{file}/{name}", unescape(data), verdict, complete, said.get("method", "").strip())


def load_vectors() -> list[Vector]:
    vectors = []
    for path in sorted(DIRECTORY.glob("*.txt")):
        for block in re.split(r"^\[", path.read_text(encoding="ascii"), flags=re.MULTILINE)[1:]:
            name, *lines = block.splitlines()
            lines = [line for line in lines if line and not line.startswith("#")]
            data = "".join(line for line in lines if not line.startswith("=>"))
            expectations = [line[2:].strip() for line in lines if line.startswith("=>")]
            vectors.append(_vector(path.stem, name.rstrip("]"), data, expectations))
    return vectors
