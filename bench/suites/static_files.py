"""The files that the suite static asks for, below the directory that every server serves as /static/."""

import gzip
import os
import random
from dataclasses import dataclass

SEED = 1
SIZES = {"1k": 2**10, "16k": 16 * 2**10, "100k": 100 * 2**10, "10m": 10 * 2**20}
PAGE_BYTES = 16 * 2**10
SET_SIZES = (2**10, 16 * 2**10)  # smallest and largest file of the set


@dataclass(frozen=True)
class FileSet:
    """Many files, and the order in which they are asked for."""

    files: dict    # path below /static/ -> size
    sequence: str  # a file of paths as wrk asks for them, one a line


def content(size, seed):
    """Bytes that don't compress, always the same."""
    return random.Random(seed).randbytes(size)


def page():
    """Text that compresses as pages do, to about a third."""
    chosen = random.Random(SEED)
    words = ["".join(chosen.choices("etaoinshrdlu", k=chosen.randint(2, 9))) for _ in range(800)]
    text = "<!doctype html>\n<title>Benchmark</title>\n<p>"
    while len(text) < PAGE_BYTES:
        text += chosen.choice(words) + chosen.choice((" ", " ", " ", ".\n<p>"))
    return text[:PAGE_BYTES].encode("ascii")


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


def make_page(directory):
    """A page with its `.gz` beside it, in a directory of its own: only there servers look for such siblings."""
    data = page()
    write(os.path.join(directory, "gzip", "page.html"), data)
    write(os.path.join(directory, "gzip", "page.html.gz"), gzip.compress(data, mtime=0))
    return data


def make_set(directory, scratch, count, requests):
    """`count` files of sizes drawn evenly, and `requests` paths drawn by Zipf's law: the n-th file 1/n as often as the first.

    Drawn once from a seed: all servers get the same files and are asked for them in the same order.
    """
    chosen = random.Random(SEED)
    files = {f"set/{number:05}.bin": chosen.randint(*SET_SIZES) for number in range(count)}
    for number, (name, size) in enumerate(files.items()):
        write(os.path.join(directory, name), content(size, number))
    asked = chosen.choices(list(files), [1 / rank for rank in range(1, count + 1)], k=requests)
    sequence = os.path.join(scratch, "sequence.txt")
    with open(sequence, "w", encoding="ascii") as file:
        file.writelines(f"/static/{name}\n" for name in asked)
    return FileSet(files, sequence)
