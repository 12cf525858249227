"""`python -m docs.screenshots`: take the README's screenshots of a running service."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from cli.embedded import embedded_service
from emoline.client import Client
from lab.benchmarks.browser import chromium
from shared.settings import Settings
from shared.telemetry.logs import log_to_stderr

IMAGES = Path(__file__).parent / "images"
SAMPLE = Path(__file__).parents[1] / "samples" / "call.opus"
SETTLED_MS = 2500
"""Time until a page has drawn its first answers."""
PHONE = {"width": 390, "height": 844}


def main() -> None:
    log_to_stderr("WARNING", "console")
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="emoline-pictures-") as folder:
        settings = Settings(data_dir=Path(folder), database_url=None, store_url=None, broker_url=None)
        with embedded_service(settings, "127.0.0.1", 0) as url, chromium() as browser:
            with Client(url) as client:
                job_ids = [submit(client, Path(folder), name) for name in ("monday-call.opus", "customer-4711.opus")]
                job_id = client.wait(job_ids[0]).id
                client.wait(job_ids[1])
                submit(client, Path(folder), "interview.opus")  # still running in the picture of the list
            take_picture(browser, url, "list", viewport={"width": 1280, "height": 800})
            take_picture(browser, f"{url}/#/jobs/{job_id}", "job", viewport={"width": 1280, "height": 960})
            take_picture(
                browser, f"{url}/#/jobs/{job_id}", "phone", viewport=PHONE, color_scheme="dark", at=".timeline"
            )


def submit(client: Client, folder: Path, name: str) -> str:
    """Submit the sample under another name and return the job's id."""
    recording = folder / name
    recording.write_bytes(SAMPLE.read_bytes())
    return client.submit(recording, channels="split", roles=["agent", "customer"]).id


def take_picture(browser: Browser, url: str, name: str, at: str = "body", **context: Any) -> None:
    """Open a page in a new browser context and save `images/NAME.png` of it."""
    with browser.new_context(locale="en-GB", **context) as opened:
        page = opened.new_page()
        page.goto(url)
        page.wait_for_timeout(SETTLED_MS)
        page.locator(at).evaluate("it => it.scrollIntoView()")
        page.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    main()
