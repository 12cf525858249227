"""Chromium for the page's tests, benchmarks and screenshots."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]
"""Containers have no sandbox and no GPU; the other flags keep the browser from sending requests of its own."""


class NoBrowser(Exception):
    """There is no Chromium: install one, or name it in EMOLINE_TEST_CHROMIUM."""

    def __str__(self) -> str:
        return str(self.__doc__)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a Chromium while the context lasts.

    It is the one in EMOLINE_TEST_CHROMIUM, one of the system's, or one that Playwright has installed.
    Raises NoBrowser.
    """
    with sync_playwright() as playwright:
        named = os.environ.get("EMOLINE_TEST_CHROMIUM")
        paths = [named, *map(shutil.which, _NAMES), playwright.chromium.executable_path]
        path = next((path for path in paths if path and Path(path).exists()), None)
        if path is None:
            raise NoBrowser
        with playwright.chromium.launch(executable_path=path, args=_FLAGS) as browser:
            yield browser
