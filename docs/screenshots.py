"""The pictures of the README, taken of the running service: `python -m docs.screenshots`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from benchmarks.browser import chromium
from emoline.client import Client
from shared.settings import Settings
from shared.telemetry.logs import log_to_stderr
from worker.embedded import embedded_service

IMAGES = Path(__file__).parent / "images"
SAMPLE = Path(__file__).parents[1] / "samples" / "call.opus"
DESKTOP = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}


def main() -> None:
    log_to_stderr("WARNING", "console")
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="emoline-pictures-") as folder:
        settings = Settings(data_dir=Path(folder), database_url=None, store_url=None, broker_url=None)
        with embedded_service(settings, "127.0.0.1", 0) as url, chromium() as browser:
            job_id = _analysed(url)
            _take(browser, f"{url}/#/jobs/{job_id}", "job", viewport=DESKTOP)
            _take(browser, url, "list", viewport={"width": 1000, "height": 620})
            _take(browser, f"{url}/#/jobs/{job_id}", "phone", viewport=PHONE, color_scheme="dark", has_touch=True)


def _analysed(url: str) -> str:
    with Client(url) as client:
        job = client.submit(SAMPLE, channels="split", roles=["agent", "customer"])
        client.wait(job.id)
        return str(job.id)


def _take(browser: Browser, url: str, name: str, **context: Any) -> None:
    with browser.new_context(locale="en-GB", **context) as opened:
        page = opened.new_page()
        page.goto(url)
        _settle(page)
        page.screenshot(path=IMAGES / f"{name}.png")


def _settle(page: Page) -> None:
    """Until what is drawn from further answers is drawn."""
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1000)


if __name__ == "__main__":
    main()
