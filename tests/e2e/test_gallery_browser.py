"""The gallery as a person meets it: a real browser in front of a front end and two gallery backends.

With ANTEROOM_GALLERY_URL the browser looks at a gallery that runs already (whatever its photographs are); else the
processes are started here, from ANTEROOM_BIN_DIR, with the configuration that ships and photographs of known sizes.
"""

import dataclasses
import json
import os
import pathlib
import shutil
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from browser import start_chromium
from PIL import Image
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests/integration"))

from anteroom_harness.binaries import binary  # noqa: E402
from anteroom_harness.deadlines import wait_until  # noqa: E402
from anteroom_harness.frontend import Frontend  # noqa: E402
from anteroom_harness.process import Process  # noqa: E402

GALLERY = REPOSITORY / "examples/gallery"
PHOTOGRAPHS = pathlib.Path("/usr/share/backgrounds/mate/nature")  # Debian's mate-backgrounds

THUMBNAIL_WIDTH = 480
LARGE_WIDTH = 1600
EXIF_ORIENTATION = 0x0112

Size = tuple[int, int]


# ---------------------------------------------------------------------------------------------------------------------
# The gallery


@dataclasses.dataclass
class Gallery:
    url: str
    photos: pathlib.Path | None  # None: it runs somewhere else

    def names(self) -> list[str]:
        with urllib.request.urlopen(urllib.parse.urljoin(self.url, "/photos"), timeout=30) as response:
            return json.load(response)

    def upright_size(self, name: str) -> Size:
        """Of the original, turned as its EXIF orientation says."""
        assert self.photos is not None
        with Image.open(self.photos / name) as picture:
            width, height = picture.size
            turned = picture.getexif().get(EXIF_ORIENTATION, 1) >= 5
        return (height, width) if turned else (width, height)


class GalleryBackend(Process):
    def __init__(self, name: str, directory: pathlib.Path, photos: pathlib.Path):
        arguments = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--threads", "2", "--photos", str(photos)]
        super().__init__(name, [binary("anteroom-gallery"), *arguments], directory)
        self.grpc = self._logged_address("grpc")
        self.admin = self._logged_address("admin")


def make_photos(folder: pathlib.Path) -> None:
    """Real photographs, and pictures whose names, formats and shapes are unusual."""
    assert PHOTOGRAPHS.is_dir(), "the package mate-backgrounds is missing"
    shutil.copytree(PHOTOGRAPHS, folder)
    picture = Image.linear_gradient("L").convert("RGB")
    picture.resize((900, 300)).save(folder / "50% wide & 1 # of a? kind.png")
    picture.resize((300, 1000)).save(folder / "Zürich <tall>.webp")
    picture.resize((60, 40)).save(folder / "small.gif")
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = 6
    picture.resize((1200, 800)).save(folder / "turned.jpg", exif=exif)


def shipped_settings(backends: list[GalleryBackend]) -> dict[str, Any]:
    """examples/gallery/frontend.yaml, with ports that the kernel chooses."""
    settings: dict[str, Any] = yaml.safe_load((GALLERY / "frontend.yaml").read_text())
    settings["listeners"] = [{"address": "127.0.0.1:0"}]
    settings["admin"] = {"address": "127.0.0.1:0"}
    settings["pools"]["gallery"]["endpoints"] = [f"{host}:{port}" for host, port in (b.grpc for b in backends)]
    return settings


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    if url := os.environ.get("ANTEROOM_GALLERY_URL"):
        yield Gallery(url, photos=None)
        return
    directory = tmp_path_factory.mktemp("gallery")
    photos = directory / "photos"
    make_photos(photos)
    # The static root is relative to the configuration, which the front end gets in `directory`.
    shutil.copytree(GALLERY / "www", directory / "www")

    processes: list[Process] = []
    try:
        backends = []
        for number in (1, 2):
            backends.append(GalleryBackend(f"gallery-{number}", directory, photos))
            processes.append(backends[-1])
        frontend = Frontend("frontend", directory, shipped_settings(backends))
        processes.append(frontend)
        for process in [*backends, frontend]:
            process.wait_ready()
        yield Gallery(f"http://127.0.0.1:{frontend.http[1]}/", photos)
    finally:
        stop_all(reversed(processes))


def stop_all(processes: Iterator[Process]) -> None:
    """Stops every one of them before it complains about the first that ended badly."""
    failures = []
    for process in processes:
        try:
            process.stop()
        except AssertionError as failure:
            failures.append(failure)
    if failures:
        raise failures[0]


# ---------------------------------------------------------------------------------------------------------------------
# The browser


class Browser:
    def __init__(self, profile: pathlib.Path):
        self.driver = start_chromium(profile)

    def script(self, body: str, *arguments: Any) -> Any:
        return self.driver.execute_script(body, *arguments)

    def press(self, *keys: str) -> None:
        ActionChains(self.driver).send_keys(*keys).perform()

    # -- the page

    def open(self, gallery: Gallery, photographs: int) -> None:
        self.driver.get(gallery.url)
        wait_until(lambda: len(self.tiles()) == photographs, f"{photographs} tiles", 20, lambda: str(self.tiles()))

    def tiles(self) -> list[dict[str, Any]]:
        return self.script("""
            return [...document.querySelectorAll("#gallery .tile")].map((tile) => {
              const image = tile.querySelector("img");
              return {
                name: tile.querySelector(".open").title,
                state: tile.dataset.state,
                natural: [image.naturalWidth, image.naturalHeight],
                attributes: [
                  Number(image.getAttribute("width")), Number(image.getAttribute("height"))],
                caption: tile.querySelector(".size").textContent,
              };
            });""")

    def load_all_tiles(self) -> list[dict[str, Any]]:
        """Scrolls to each: they are loaded lazily."""
        for number in range(len(self.tiles())):
            self.script(f"document.querySelectorAll('.tile')[{number}].scrollIntoView({{block: 'center'}})")
            wait_until(lambda: self.tiles()[number]["state"] == "loaded", f"tile {number} to load", 30)
        return self.tiles()

    def tile(self, name: str) -> Any:
        return next(
            tile
            for tile in self.driver.find_elements(By.CSS_SELECTOR, "#gallery .tile")
            if tile.find_element(By.CSS_SELECTOR, ".open").get_attribute("title") == name
        )

    def wait_tile(self, name: str, state: str) -> None:
        wait_until(lambda: self.tile(name).get_attribute("data-state") == state, f"{name} to be {state}", 30)

    # -- the lightbox

    def lightbox(self) -> dict[str, Any]:
        return self.script("""
            const dialog = document.getElementById("lightbox");
            const image = document.getElementById("lightbox-image");
            return {
              open: dialog.open,
              state: dialog.dataset.state,
              source: image.src,
              natural: [image.naturalWidth, image.naturalHeight],
              position: document.getElementById("lightbox-position").textContent,
            };""")

    def wait_large(self, position: str) -> dict[str, Any]:
        def loaded() -> dict[str, Any] | None:
            box = self.lightbox()
            return box if box["open"] and box["state"] == "loaded" and box["position"] == position else None

        return wait_until(loaded, f"{position} to be shown large", 30, lambda: str(self.lightbox()))

    def wait_closed(self) -> None:
        wait_until(lambda: not self.lightbox()["open"], "the lightbox to close", 5)

    # -- what went wrong

    def complaints(self, origin: str) -> list[str]:
        """Console messages, failed requests, answers of 400 and more, requests to elsewhere: since the last call."""
        found = [f"console: {entry['level']} {entry['message']}" for entry in self.driver.get_log("browser")]
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            parameters = message["params"]
            match message["method"]:
                case "Network.requestWillBeSent":
                    url = parameters["request"]["url"]
                    if url.startswith("http") and not url.startswith(origin):
                        found.append(f"asked elsewhere: {url}")
                case "Network.responseReceived":
                    response = parameters["response"]
                    if response["status"] >= 400:
                        found.append(f"{response['status']} for {response['url']}")
                case "Network.loadingFailed":
                    found.append(f"failed: {parameters['errorText']} ({parameters.get('type')})")
        return found


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.driver.quit()


@pytest.fixture
def names(gallery: Gallery) -> list[str]:
    names = gallery.names()
    assert len(names) >= 3, "the gallery has too few photographs to tell anything"
    return names


@pytest.fixture
def browser(chromium: Browser, gallery: Gallery, names: list[str]) -> Browser:
    """On the page, with all tiles there (but not yet loaded) and nothing to complain about so far."""
    chromium.driver.set_window_size(1400, 1000)
    chromium.driver.get("about:blank")
    chromium.complaints(gallery.url)
    chromium.open(gallery, len(names))
    return chromium


# ---------------------------------------------------------------------------------------------------------------------
# Tests


def test_shows_every_photograph_with_its_pixels(browser: Browser, gallery: Gallery, names: list[str]) -> None:
    tiles = browser.load_all_tiles()
    assert [tile["name"] for tile in tiles] == names
    for tile in tiles:
        width, height = tile["natural"]
        assert width == THUMBNAIL_WIDTH, tile
        assert tile["attributes"] == [width, height], tile
        assert tile["caption"] == f"{width} × {height}", tile
        if gallery.photos is not None:
            original_width, original_height = gallery.upright_size(tile["name"])
            assert abs(height - THUMBNAIL_WIDTH * original_height / original_width) <= 1, tile
    assert browser.complaints(gallery.url) == []


def test_opens_a_photograph_large_and_closes_it(browser: Browser, gallery: Gallery, names: list[str]) -> None:
    browser.wait_tile(names[0], "loaded")
    small_width, small_height = browser.tiles()[0]["natural"]
    browser.tile(names[0]).find_element(By.CSS_SELECTOR, ".open").click()
    large = browser.wait_large(f"1 of {len(names)}")
    assert large["natural"][0] == LARGE_WIDTH
    assert large["natural"][1] / LARGE_WIDTH == pytest.approx(small_height / small_width, abs=0.01)
    browser.driver.find_element(By.ID, "close").click()
    browser.wait_closed()
    assert browser.complaints(gallery.url) == []


def test_the_keyboard_is_enough(browser: Browser, gallery: Gallery, names: list[str]) -> None:
    count = len(names)
    browser.wait_tile(names[0], "loaded")
    browser.press(Keys.TAB, Keys.ENTER)
    browser.wait_large(f"1 of {count}")
    browser.press(Keys.ARROW_RIGHT)
    second = browser.wait_large(f"2 of {count}")
    assert urllib.parse.quote(names[1], safe="!'()*~") in second["source"]
    browser.press(Keys.HOME, Keys.ARROW_LEFT)
    browser.wait_large(f"{count} of {count}")
    browser.press(Keys.ESCAPE)
    browser.wait_closed()
    wait_until(lambda: browser.script("return document.activeElement.title") == names[-1], "the focus to follow", 5)
    # Moving on drops the large picture that is under way, on purpose; nothing else may fail.
    assert [c for c in browser.complaints(gallery.url) if "net::ERR_ABORTED (Image)" not in c] == []


def test_fits_a_narrow_screen(browser: Browser, gallery: Gallery, names: list[str]) -> None:
    browser.driver.set_window_size(500, 800)
    browser.wait_tile(names[0], "loaded")
    widths = browser.script("return [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert widths[0] <= widths[1]
    assert browser.complaints(gallery.url) == []


def test_a_photograph_that_fails_says_so_and_can_be_tried_again(
    chromium: Browser, gallery: Gallery, names: list[str]
) -> None:
    if gallery.photos is None:
        pytest.skip("needs the folder of the photographs")
    broken = gallery.photos / "0 broken.jpg"
    whole = (gallery.photos / "turned.jpg").read_bytes()
    broken.write_bytes(whole[: len(whole) // 2])
    try:
        chromium.open(gallery, len(names) + 1)
        chromium.wait_tile(broken.name, "failed")
        tile = chromium.tile(broken.name)
        assert not tile.find_element(By.CSS_SELECTOR, ".open").is_displayed()
        assert any(c.startswith("422 for ") for c in chromium.complaints(gallery.url))

        broken.write_bytes(whole)
        tile.find_element(By.CSS_SELECTOR, ".retry").click()
        chromium.wait_tile(broken.name, "loaded")
        assert tile.find_element(By.CSS_SELECTOR, ".open").is_displayed()
        assert chromium.complaints(gallery.url) == []
    finally:
        broken.unlink()
