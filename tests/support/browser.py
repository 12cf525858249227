"""Pages in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Request

from tests.support import waiting

SAMPLE = Path(__file__).parents[2] / "samples" / "call.opus"


def wait_until(page: Page, condition: Callable[[], bool]) -> None:
    """Wait until `condition` holds, also on pages whose policy forbids Playwright's own functions for that."""
    waiting.wait_until(condition, pause=lambda seconds: page.wait_for_timeout(1000 * seconds))


def record_texts(page: Page, selector: str) -> Callable[[], list[str]]:
    """Record each text of the first element that matches, so that a short one is not missed; the result reads them."""
    page.evaluate(
        """selector => {
          window.recorded = [];
          const record = () => {
            const text = document.querySelector(selector)?.innerText;
            if (text && text !== window.recorded.at(-1)) window.recorded.push(text);
          };
          const changes = { subtree: true, childList: true, attributes: true, characterData: true };
          new MutationObserver(record).observe(document.body, changes);
        }""",
        selector,
    )
    return lambda: [str(text) for text in page.evaluate("window.recorded")]


@dataclass
class Watched:
    """A page with the hosts that it requested and the complaints of the console.

    `provoked` are parts of complaints that the test itself causes, as by a request for a missing job.
    """

    page: Page
    provoked: set[str] = field(default_factory=set)
    hosts: set[str] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", self._record_host)
        self.page.on("console", self._record_error)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _record_host(self, request: Request) -> None:
        if not request.url.startswith("blob:"):
            self.hosts.add(urlsplit(request.url).netloc)

    def _record_error(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(part in message.text for part in self.provoked):
            self.complaints.append(message.text)


@contextmanager
def opened(browser: Browser, url: str, **options: Any) -> Iterator[Watched]:
    """Open a page at `url`, which must request no other host and leave no complaint on the console."""
    asked = {"viewport": {"width": 1280, "height": 900}, "locale": "en-GB", "base_url": url} | options
    with browser.new_context(**asked) as context:
        context.set_default_timeout(waiting.PATIENCE_S * 1000)
        watched = Watched(context.new_page())
        watched.page.goto("/")
        yield watched
        with suppress(Error):
            watched.page.wait_for_load_state("networkidle", timeout=2000)
        assert watched.complaints == [], watched.complaints
        assert watched.hosts == {urlsplit(url).netloc}
