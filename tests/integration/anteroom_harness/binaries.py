"""Where the programs under test are: ANTEROOM_BIN_DIR, or the release build."""

import os
import pathlib

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
BIN_DIR = pathlib.Path(os.environ.get("ANTEROOM_BIN_DIR", REPOSITORY / "build/release/bin"))


def binary(name: str) -> str:
    path = BIN_DIR / name
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there; build it with ./dev build release")
    return str(path)


def environment() -> dict[str, str]:
    """Ours without what would configure the programs under test (ANTEROOM_... is their namespace too)."""
    return {name: value for name, value in os.environ.items() if not name.startswith("ANTEROOM_")}
