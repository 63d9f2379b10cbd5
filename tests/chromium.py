"""One headless Chromium for a whole test session, Debian's (or any other that is installed): nothing is downloaded."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ARTEFACTS = Path(__file__).parent / "artefacts"
TIMEOUT = 60_000
"""Milliseconds; generous, because two cores serve browser, server and kernels."""

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    # Pages of several notebooks are open at once; one in the background is used like one in front.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
)


def find_chromium() -> str | None:
    """The browser's program: ``NBLABEL_CHROMIUM``, else the first known name on PATH."""
    given = os.environ.get("NBLABEL_CHROMIUM")
    if given:
        return given
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


@contextmanager
def open_chromium() -> Iterator[Browser]:
    """A running browser."""
    program = find_chromium()
    if program is None:
        raise FileNotFoundError("no Chromium on PATH; 'apt-get install chromium', or name one in NBLABEL_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, headless=True, args=list(_FLAGS), chromium_sandbox=False, timeout=TIMEOUT
        )
        try:
            yield browser
        finally:
            browser.close()


def screenshot(page: Page, name: str, *, full: bool = False) -> Path:
    """Keep a picture of the page for a person to look at."""
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    path = ARTEFACTS / f"{name}.png"
    page.screenshot(path=path, full_page=full)
    return path
