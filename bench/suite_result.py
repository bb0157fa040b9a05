"""What a suite hands to the report."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Table:
    title: str
    columns: list
    rows: list  # of lists of strings


@dataclass(frozen=True)
class Goal:
    """A number that the project has set itself. Missing it is no failure of the measurement."""

    what: str
    measured: float
    limit: float
    unit: str = ""
    at_least: bool = False

    @property
    def met(self):
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit

    def text(self):
        bound = "at least" if self.at_least else "at most"
        verdict = "met" if self.met else "MISSED"
        return f"{verdict}: {self.what}: {self.measured:.3g}{self.unit}, wanted {bound} {self.limit:g}{self.unit}"


@dataclass
class SuiteResult:
    name: str
    about: str = ""
    tables: list = field(default_factory=list)
    goals: list = field(default_factory=list)
    notes: list = field(default_factory=list)     # what was left out, and why
    failures: list = field(default_factory=list)  # what makes numbers invalid; the run exits 1
    versions: dict = field(default_factory=dict)  # name -> version
    data: dict = field(default_factory=dict)      # every number, for the JSON record
