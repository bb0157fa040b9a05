"""How anteroom-gallery takes its configuration, and how it ends."""

import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "integration"))

from anteroom_harness.binaries import binary, environment  # noqa: E402
from anteroom_harness.deadlines import scaled  # noqa: E402
from anteroom_harness.process import Process  # noqa: E402

MISUSE = 2
BAD_CONFIGURATION = 78
ANY_PORT = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """For command lines that must end by themselves."""
    return subprocess.run(
        [binary("anteroom-gallery"), *ANY_PORT, *arguments],
        env=environment() | variables,
        capture_output=True,
        text=True,
        timeout=scaled(10),
    )


def test_the_folder_is_needed() -> None:
    ended = run()
    assert ended.returncode == MISUSE
    assert "--photos" in ended.stderr


def test_a_folder_that_cannot_be_read_is_bad_configuration(tmp_path: pathlib.Path) -> None:
    ended = run("--photos", str(tmp_path / "missing"))
    assert ended.returncode == BAD_CONFIGURATION
    assert "missing" in ended.stderr
    file = tmp_path / "file"
    file.write_text("no folder")
    assert run("--photos", str(file)).returncode == BAD_CONFIGURATION


def test_the_environment_names_the_folder_too(tmp_path: pathlib.Path) -> None:
    ended = run(ANTEROOM_PHOTOS=str(tmp_path / "elsewhere"))
    assert ended.returncode == BAD_CONFIGURATION
    assert "elsewhere" in ended.stderr


def test_it_serves_until_it_is_told_to_end(tmp_path: pathlib.Path) -> None:
    arguments = [binary("anteroom-gallery"), *ANY_PORT, "--photos", str(tmp_path)]
    gallery = Process("gallery", arguments, tmp_path)
    gallery.wait_log("listening")
    gallery.stop()
    assert "drained" in gallery.log()
