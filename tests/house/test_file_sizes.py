"""Small files with one noun each: nothing grows into a centre that nobody can read."""

import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
MOST_LINES = 700


def test_no_source_file_is_too_long() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {count} lines"
        for folder in ("common", "frontend", "backend")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in (".h", ".cc")
        and (count := len(path.read_text(errors="replace").splitlines())) > MOST_LINES
    ]
    assert not found, "\n" + "\n".join(found)
