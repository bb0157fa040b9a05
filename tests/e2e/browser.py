"""A real browser without a screen: Debian's Chromium, driven by its own driver."""

import pathlib
import shutil

from selenium import webdriver
from selenium.webdriver.chrome.service import Service


def start_chromium(profile: pathlib.Path) -> webdriver.Chrome:
    """Whoever starts it calls `quit`. Nothing is asked of other hosts."""
    options = webdriver.ChromeOptions()
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--force-device-scale-factor=1",
        "--window-size=1400,1000",
        f"--user-data-dir={profile}",
    ):
        options.add_argument(argument)
    options.binary_location = required_program("chromium")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(service=Service(required_program("chromedriver")), options=options)


def required_program(name: str) -> str:
    path = shutil.which(name)
    assert path is not None, f"{name} is not installed"
    return path
