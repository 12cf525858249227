"""A browser of this machine, to look at the page with: for its tests, its figures and its pictures."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright

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
"""Containers have no sandbox and no GPU; the others keep the browser from talking to anybody else."""


class NoBrowser(Exception):
    """There is no Chromium: install one, or name it in EMOLINE_TEST_CHROMIUM."""

    def __str__(self) -> str:
        return str(self.__doc__)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A Chromium while the context lasts. Raises NoBrowser."""
    with sync_playwright() as playwright:
        path = _executable(playwright)
        if path is None:
            raise NoBrowser
        with playwright.chromium.launch(executable_path=path, args=_FLAGS) as browser:
            yield browser


def _executable(playwright: Playwright) -> str | None:
    """The one that is named, one of the system's, or one that Playwright has installed."""
    named = os.environ.get("EMOLINE_TEST_CHROMIUM")
    found = [named, *map(shutil.which, _NAMES), playwright.chromium.executable_path]
    return next((path for path in found if path and Path(path).exists()), None)
