"""A browser plays a video from static files: it jumps about by ranges, and shows what is there."""

import pathlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from browser import required_program, start_chromium
from selenium import webdriver

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests/integration"))

from anteroom_harness.deadlines import wait_until  # noqa: E402
from anteroom_harness.stack import Stack  # noqa: E402

SECONDS = 60
SIZE = (320, 180)
PAGE = b"<!doctype html><title>video</title><video id=video src=video.webm preload=metadata muted></video>"


def make_video(path: pathlib.Path) -> None:
    """Half a minute on a red ground and half on a blue one; noise makes it so large that nobody fetches it whole to see
    a bit of it. A key frame every second."""
    half = f"size={SIZE[0]}x{SIZE[1]}:duration={SECONDS // 2}:rate=10"
    noise = "noise=alls=60:allf=t"
    subprocess.run(
        [
            required_program("ffmpeg"), "-loglevel", "error", "-f", "lavfi", "-i", f"color=red:{half}",
            "-f", "lavfi", "-i", f"color=blue:{half}", "-filter_complex", f"[0][1]concat=n=2,{noise}",
            "-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "6M", "-minrate", "6M", "-g", "10", str(path),
        ],
        check=True, stdin=subprocess.DEVNULL, timeout=300,
    )  # fmt: skip


@pytest.fixture
def site(tmp_path: pathlib.Path) -> Iterator[Stack]:
    root = tmp_path / "www"
    root.mkdir()
    make_video(root / "video.webm")
    (root / "index.html").write_bytes(PAGE)
    stack = Stack(tmp_path)
    try:
        yield stack.start(settings={"routes": [{"path": "/", "static": {"root": str(root)}}]})
    finally:
        stack.close()


@contextmanager
def running_chromium(profile: pathlib.Path) -> Iterator[webdriver.Chrome]:
    driver = start_chromium(profile)
    try:
        yield driver
    finally:
        driver.quit()


def colour_at(chromium: webdriver.Chrome, second: float) -> list[int]:
    """Red, green and blue in the middle of what the video shows there."""
    chromium.execute_script(
        """
        const video = document.getElementById("video");
        window.seen = null;
        video.onseeked = () => {
          const canvas = document.createElement("canvas");
          [canvas.width, canvas.height] = [16, 9];
          const context = canvas.getContext("2d");
          context.drawImage(video, 0, 0, 16, 9);
          window.seen = [...context.getImageData(8, 4, 1, 1).data.slice(0, 3)];
        };
        video.currentTime = arguments[0];
        """,
        second,
    )
    return wait_until(lambda: chromium.execute_script("return window.seen"), f"second {second} to be shown", 30)


def state(chromium: webdriver.Chrome) -> dict[str, Any]:
    return chromium.execute_script(
        """
        const video = document.getElementById("video");
        return {ready: video.readyState, error: video.error && video.error.message, duration: video.duration,
                at: video.currentTime, ended: video.ended, width: video.videoWidth, height: video.videoHeight};
        """
    )


def jump_about(chromium: webdriver.Chrome, url: str) -> None:
    chromium.get(url)
    wait_until(lambda: state(chromium)["ready"] >= 1, "the video's metadata", 30, lambda: str(state(chromium)))
    seen = state(chromium)
    assert (seen["error"], seen["width"], seen["height"]) == (None, *SIZE)
    assert abs(seen["duration"] - SECONDS) < 1

    for second, is_red in ((50, False), (5, True), (40, False), (20, True)):
        red, _, blue = colour_at(chromium, second)
        assert (red > blue) == is_red, f"at {second} s: red {red}, blue {blue}"

    chromium.execute_script("const v = document.getElementById('video'); v.currentTime = v.duration - 2; v.play();")
    wait_until(lambda: state(chromium)["ended"], "the video to end", 30, lambda: str(state(chromium)))
    assert state(chromium)["error"] is None


def test_a_browser_jumps_about_in_a_video_by_ranges(site: Stack, tmp_path: pathlib.Path) -> None:
    host, port = site.frontend.http
    size = (tmp_path / "www/video.webm").stat().st_size
    assert size > 20_000_000
    with running_chromium(tmp_path / "profile") as chromium:
        jump_about(chromium, f"http://{host}:{port}/")
    wait_until(lambda: site.open_connections() == 0, "the browser to leave", 30)
    video = [line for line in site.frontend.access_log() if line["target"] == "/video.webm"]
    assert {line["status"] for line in video} <= {206, 304}  # it may ask whether what it has is good still
    parts = [line["bytes_out"] for line in video if line["status"] == 206]
    assert len(parts) >= 3
    assert min(parts) < size / 2
