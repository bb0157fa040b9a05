"""The Prometheus text format, as strictly as the tests need it."""

import re

from .http_client import get

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
VALUE = r"[-+]?(?:\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|Inf|NaN|nan|inf)"
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? ({VALUE})(?: -?\d+)?")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')
TYPES = {"counter", "gauge", "histogram", "summary", "untyped"}
COMPOUND = {"histogram", "summary"}  # their samples have suffixes

Key = tuple[str, frozenset[tuple[str, str]]]


class Samples:
    def __init__(self, values: dict[Key, float], types: dict[str, str], helps: dict[str, str]):
        self.values = values
        self.types = types
        self.helps = helps

    def sum(self, name: str, **labels: str) -> float:
        """All samples of that name that carry these labels, added up; 0 when there is none. The name must be one that the
        process knows: a misspelt one would be 0 for ever."""
        family = re.sub(r"_(bucket|sum|count)$", "", name)
        family = family if self.types.get(family) in COMPOUND else name
        assert family in self.types, f"no metric {name}; there are {', '.join(sorted(self.types))}"
        wanted = set(labels.items())
        return sum(value for (key, have), value in self.values.items() if key == name and wanted <= have)

    def names(self) -> set[str]:
        return {name for name, _ in self.values}


def parse(text: str) -> Samples:
    """Raises AssertionError for anything that a Prometheus server would not take, or take with a warning."""
    values: dict[Key, float] = {}
    types: dict[str, str] = {}
    helps: dict[str, str] = {}
    assert text.endswith("\n"), "no newline at the end"
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert kind in TYPES and name not in types, line
            types[name] = kind
        elif line.startswith("# HELP "):
            _, _, name, help_text = (line + " ").split(" ", 3)
            assert name not in helps, line
            helps[name] = help_text.strip()
        elif line and not line.startswith("#"):
            match = SAMPLE.fullmatch(line)
            assert match, f"not a sample: {line!r}"
            name, label_text, value = match.groups()
            labels = frozenset(LABEL.findall(label_text or ""))
            assert LABEL.sub("", label_text or "") == "", f"bad labels: {line!r}"
            assert (name, labels) not in values, f"twice: {line!r}"
            values[name, labels] = float(value)
    return Samples(values, types, helps)


def scrape(admin: tuple[str, int]) -> Samples:
    response = get(admin, "/metrics")
    assert response.status == 200
    return parse(response.body.decode())
