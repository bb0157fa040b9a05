"""The record of a run, and how goals read."""

import json

from report import plain, write_record
from suite_result import Goal, SuiteResult, Table

HEADER = {
    "schema": 1,
    "date": "2026-01-02 03:04:05 UTC",
    "command": "./dev bench idle",
    "commit": "abc",
    "machine": {"cpu": "X", "cpus": 2, "memory_gib": 4, "architecture": "a", "kernel": "6", "load_before": 0.1},
    "versions": {"wrk": "4"},
}


def result():
    return SuiteResult(
        "idle",
        "about",
        tables=[Table("t", ["server", "", "n"], [["one", "", "1"]])],
        goals=[Goal("memory", 5, 10, " MiB"), Goal("speed", 5, 10, at_least=True)],
        failures=["broken"],
        data={"rows": [1]},
    )


def test_record_is_named_by_date_and_commit_and_says_everything(tmp_path):
    path = write_record(tmp_path, HEADER, [result()])
    assert path.endswith("2026-01-02-030405-abc.md")
    text = (tmp_path / "2026-01-02-030405-abc.md").read_text()
    for part in ("./dev bench idle", "| one |  | 1 |", "goal met: memory", "goal MISSED: speed", "INVALID: broken"):
        assert part in text
    numbers = json.loads((tmp_path / "2026-01-02-030405-abc.json").read_text())
    assert numbers["suites"]["idle"]["rows"] == [1]
    assert [goal["met"] for goal in numbers["suites"]["idle"]["goals"]] == [True, False]


def test_columns_line_up():
    lines = plain(Table("t", ["server", "x", "n"], [["a", "", "1"], ["longer name", "", "1,000"]])).splitlines()
    assert lines[3].endswith("    1")
    assert lines[4].endswith("1,000")
    assert len(lines[3]) == len(lines[4])
