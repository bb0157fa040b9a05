"""Tables for the terminal and the record in bench/results/."""

import json
import os


def plain(table):
    """Columns lined up; the first two to the left, numbers to the right."""
    rows = [table.columns, *table.rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(table.columns))]

    def line(row):
        cells = (cell.ljust(w) if i < 2 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths)))
        return "  ".join(cells).rstrip()

    return "\n".join([table.title, line(table.columns), "  ".join("-" * w for w in widths), *map(line, table.rows)])


def markdown(table):
    def line(cells):
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    ruler = ["---" if i < 2 else "---:" for i in range(len(table.columns))]
    return "\n".join([f"**{table.title}**", "", line(table.columns), line(ruler), *map(line, table.rows)])


def verdicts(result):
    """Goals, notes and failures of a suite, a line each."""
    lines = [f"goal {goal.text()}" for goal in result.goals]
    lines += [f"note: {note}" for note in result.notes]
    lines += [f"INVALID: {failure}" for failure in result.failures]
    return lines


def print_suite(result):
    print(f"\n=== {result.name}: {result.about}")
    for table in result.tables:
        print(f"\n{plain(table)}")
    print("\n" + "\n".join(verdicts(result)), flush=True)


def _markdown_record(header, results):
    machine = header["machine"]
    lines = [
        f"# Benchmark of {header['date']}",
        "",
        f"- command: `{header['command']}`",
        f"- commit: {header['commit']}",
        f"- machine: {machine['cpu']}, {machine['cpus']} CPUs, {machine['memory_gib']} GiB, {machine['architecture']}, "
        f"Linux {machine['kernel']}; load average before the run {machine['load_before']}",
        f"- versions: {'; '.join(f'{name}: {version}' for name, version in header['versions'].items())}",
        "",
        "docs/BENCHMARKS.md tells how to read this.",
    ]
    for result in results:
        lines += ["", f"## {result.name}", "", result.about]
        for table in result.tables:
            lines += ["", markdown(table)]
        lines += ["", *(f"- {verdict}" for verdict in verdicts(result))]
    return "\n".join(lines) + "\n"


def _json_record(header, results):
    suites = {}
    for result in results:
        suites[result.name] = {
            "goals": [
                {"what": g.what, "measured": g.measured, "limit": g.limit, "at_least": g.at_least, "met": g.met}
                for g in result.goals
            ],
            "notes": result.notes,
            "failures": result.failures,
            **result.data,
        }
    return json.dumps({**header, "suites": suites}, indent=1) + "\n"


def write_record(directory, header, results):
    """Writes NAME.md and NAME.json, NAME from time and commit; returns the path of the former."""
    os.makedirs(directory, exist_ok=True)
    stamp = header["date"].replace(":", "").replace(" ", "-").removesuffix("-UTC")
    base = os.path.join(directory, f"{stamp}-{header['commit']}")
    for suffix, text in ((".md", _markdown_record(header, results)), (".json", _json_record(header, results))):
        with open(base + suffix, "w", encoding="utf-8") as file:
            file.write(text)
    return base + ".md"
