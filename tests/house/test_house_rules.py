"""The rules of CONTRIBUTING.md that a machine can check. Each failure names file and line."""

import pathlib
import re
import subprocess
from collections.abc import Iterator

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

Finding = str


def tracked(*patterns: str) -> list[str]:
    """Files that git knows or would add, as paths from the root."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    return [path for path in listing if (ROOT / path).is_file()]


def text(path: str) -> str:
    return (ROOT / path).read_text(errors="replace")


def lines(path: str) -> Iterator[tuple[int, str]]:
    return enumerate(text(path).splitlines(), start=1)


CPP = tracked("*.h", "*.cc")
PYTHON = tracked("*.py")
INCLUDE = re.compile(r'\s*#include [<"]([^>"]+)[>"]')


def includes(path: str) -> Iterator[tuple[int, str]]:
    for number, line in lines(path):
        if match := INCLUDE.match(line):
            yield number, match.group(1)


def assert_none(findings: list[Finding]) -> None:
    assert not findings, "\n" + "\n".join(findings)


# What a folder must not include, by the beginning of the included path.
FORBIDDEN_INCLUDES = {
    "common/": ("frontend/", "backend/", "anteroom/server"),
    "frontend/": ("backend/",),
    "backend/": ("frontend/",),
    "examples/": ("frontend/", "backend/src/"),
}
# Where a library may be included at all.
ALLOWED_PLACES = {
    "brotli/": ("frontend/static/", "tests/frontend/static/"),
    "zlib.h": ("frontend/static/", "tests/frontend/static/"),
    "event2/": ("frontend/net/", "frontend/admin/", "frontend/dispatch/", "tests/frontend/", "bench/", "tests/bench/"),
    # common/grpc_quiet.cc keeps gRPC's timers from waking idle processes, and both processes need that.
    "grpcpp/": ("frontend/dispatch/", "backend/src/", "bench/", "tests/", "common/grpc_quiet.cc"),
    "grpc/": ("frontend/dispatch/", "backend/src/", "bench/", "tests/", "common/grpc_quiet.cc"),
    "vips/": ("examples/", "tests/examples/"),
    "yaml-cpp/": ("frontend/",),
}
GENERATED = ("grpc/health/v1/",)  # our own copy of the health service's description


def test_dependencies_point_one_way() -> None:
    findings = []
    for path in CPP:
        for number, included in includes(path):
            for folder, forbidden in FORBIDDEN_INCLUDES.items():
                if path.startswith(folder) and included.startswith(forbidden):
                    findings.append(f"{path}:{number}: {folder} must not include {included}")
    assert_none(findings)


def test_libraries_stay_where_they_belong() -> None:
    findings = []
    for path in CPP:
        for number, included in includes(path):
            for library, places in ALLOWED_PLACES.items():
                if included.startswith(library) and not included.startswith(GENERATED) and not path.startswith(places):
                    findings.append(f"{path}:{number}: {included} does not belong here")
    assert_none(findings)


def test_every_source_is_built() -> None:
    built = {"tests/fuzz/replay_main.cc"}  # by anteroom_fuzzer()
    patterns = []  # names that a foreach() completes, such as ${name}_test.cc
    for path in tracked("*CMakeLists.txt"):
        folder = (ROOT / path).parent
        listing = text(path).replace("${PROJECT_SOURCE_DIR}/", "").replace("${CMAKE_CURRENT_SOURCE_DIR}/", "")
        for name in re.findall(r"[\w./${}-]+\.cc\b", listing):
            if "$" in name:
                pattern = re.sub(r"\\\$\\\{\w+\\\}", r"([\\w-]+)", re.escape(name))
                patterns.append((re.compile(pattern), folder, set(re.findall(r"[\w-]+", listing))))
            else:
                built |= {str(p.resolve().relative_to(ROOT)) for p in (folder / name, ROOT / name) if p.exists()}
    findings = []
    for path in tracked("*.cc"):
        by_pattern = False
        for pattern, folder, words in patterns:
            if (ROOT / path).is_relative_to(folder):
                match = pattern.fullmatch(str((ROOT / path).relative_to(folder)))
                by_pattern = by_pattern or match is not None and set(match.groups()) <= words
        if path not in built and not by_pattern:
            findings.append(f"{path}: in no CMakeLists.txt")
    assert_none(findings)


def test_every_test_folder_is_added() -> None:
    findings = []
    for path in tracked("*CMakeLists.txt"):
        folder = pathlib.PurePosixPath(path).parent
        if not folder.parts:
            continue
        parent = folder.parent
        while parent.parts and not (ROOT / parent / "CMakeLists.txt").exists():
            parent = parent.parent
        if f"add_subdirectory({folder.relative_to(parent)}" not in text(str(parent / "CMakeLists.txt")):
            findings.append(f"{path}: no add_subdirectory() in {parent}/CMakeLists.txt")
    assert_none(findings)


def test_include_guards_follow_the_path() -> None:
    findings = []
    for path in tracked("*.h"):
        guard = "ANTEROOM_" + re.sub(r"[^A-Z0-9]", "_", path.upper()) + "_"
        if f"#ifndef {guard}\n#define {guard}\n" not in text(path):
            findings.append(f"{path}: the guard should be {guard}")
    assert_none(findings)


BANNED_IN_CPP = {
    r"\bstd::string_view\b": "absl::string_view is another type in Debian's build, and ours",
    r"\bstd::(mutex|lock_guard|unique_lock|condition_variable)\b": "common/mutex.h has the annotated ones",
    r"\busing namespace\b": "no using-directives",
    r"\b(sleep_for|sleep_until|usleep|nanosleep)\b": "wait for something, not for a while",
}
LOCKS, DIRECTIVE, SLEEP = (list(BANNED_IN_CPP)[i] for i in (1, 2, 3))
EXCEPTIONS = {
    "common/mutex.h": {LOCKS},
    "common/log.cc": {LOCKS},  # a parameter of spdlog's sinks
    "backend/include/anteroom/cancellation.h": {LOCKS},  # public, so it cannot include common/
    "backend/src/cancellation.cc": {LOCKS},
    "backend/src/context.cc": {SLEEP},  # SleepFor() of handlers, where nothing can cancel
    # Between two looks of a wait for a condition...
    "tests/frontend/net/loop_thread.h": {SLEEP},
    "tests/frontend/net/worker_rig.h": {SLEEP},
    "tests/frontend/net/connection_test.cc": {SLEEP},
    "tests/frontend/net/lost_readiness_test.cc": {SLEEP},  # ...and the load's random gaps
}
LITERALS = {DIRECTIVE: "using namespace std::"}  # std::chrono_literals and the like


def test_banned_names() -> None:
    findings = []
    for path in CPP:
        for number, line in lines(path):
            code = line.split("//")[0]
            for pattern, reason in BANNED_IN_CPP.items():
                if pattern == DIRECTIVE and path.startswith("tests/fuzz/"):
                    continue  # main-like files, where LLVMFuzzerTestOneInput has to be global
                allowed = pattern in EXCEPTIONS.get(path, ()) or LITERALS.get(pattern, "\0") in code
                if re.search(pattern, code) and not allowed:
                    findings.append(f"{path}:{number}: {line.strip()} ({reason})")
    assert_none(findings)


def test_nothing_is_left_for_later() -> None:
    word = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "X" * 3 + r"\b", "HA" + "CK")))
    findings = []
    for path in [*CPP, *PYTHON, *tracked("*.md", "*.cmake", "*CMakeLists.txt", "*.yaml", "*.proto", "dev", ".ci/*")]:
        for number, line in lines(path):
            if word.search(line) and "mkstemp" not in line and "XXXXXX" not in line:
                findings.append(f"{path}:{number}: {line.strip()}")
    assert_none(findings)


def test_python_sleeps_only_where_it_says_why() -> None:
    findings = []
    for path in tracked("tests/*.py"):
        for number, line in lines(path):
            if "time.sleep(" in line and "#" not in line and not path.endswith("/anteroom_harness/deadlines.py"):
                if not re.search(r"sleep\((pause|0\.\d+)\)", line):
                    findings.append(f"{path}:{number}: {line.strip()} (wait_until waits for something)")
    assert_none(findings)


def test_every_outcome_is_documented() -> None:
    words = set(re.findall(r'"([a-z_]+)"', text("frontend/outcome.cc")))
    documented = set(re.findall(r"^\| `([a-z_]+)` \| ", text("docs/OPERATIONS.md"), re.M))
    assert words <= documented, words - documented


def test_documented_metrics_exist() -> None:
    code = "".join(text(path) for path in CPP)
    findings = []
    for path in tracked("*.md", "helm/*.yaml", "helm/*.json"):
        for number, line in lines(path):
            for name in re.findall(r"\banteroom_(?:frontend|pool|link|backend|static|file_io|access_log)_[a-z_]+", line):
                if f'"{name}' not in code and not re.search(rf"anteroom_[a-z_]*{re.escape(name)}", code):
                    findings.append(f"{path}:{number}: {name} is not a metric")
    assert_none(findings)


SECTIONS = re.compile(r"^\[([a-z0-9]+)\]$")
PACKAGE = re.compile(r"^[a-z0-9][a-z0-9+.-]+(\s+# .+)?$")


def test_the_list_of_packages_is_well_formed() -> None:
    findings, seen, section = [], set(), ""
    for number, line in lines("cmake/packages.txt"):
        if not line or line.startswith("#"):
            continue
        if match := SECTIONS.match(line):
            section = match.group(1)
        elif not PACKAGE.match(line) or not section:
            findings.append(f"cmake/packages.txt:{number}: {line}")
        elif (key := (section, line.split()[0])) in seen:
            findings.append(f"cmake/packages.txt:{number}: {key[1]} twice in [{section}]")
        else:
            seen.add(key)
    assert_none(findings)


@pytest.mark.parametrize("command", re.findall(r"^cmd_([a-z0-9]+)\(\)", text("dev"), re.M))
def test_every_command_of_dev_is_in_its_help_and_contents(command: str) -> None:
    script = text("dev")
    assert re.search(rf"^#   {command} +\S.* cmd_{command}$", script, re.M)
    assert re.search(rf"^  {command}\b.*  \S", script, re.M)
