"""The benchmark is a program of plain modules beside bench/run.py, not a package: they are found by directory."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))
