"""The page in a real Chromium, of a service that is a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from lab.benchmarks.browser import NoBrowser, chromium
from tests.support.browser import SAMPLE, Watched, opened
from tests.support.processes import api
from tests.support.servers.missing import leave_out
from tests.support.service_client import Client
from tests.support.waiting import PATIENCE_S

expect.set_options(timeout=PATIENCE_S * 1000)


@pytest.fixture(scope="package")  # Playwright keeps a loop running, in which other tests could start none
def browser() -> Iterator[Browser]:
    try:
        with chromium() as launched:
            yield launched
    except NoBrowser as error:
        leave_out(str(error))


@pytest.fixture(scope="package")
def client(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client of the service, which is started only where there is a browser."""
    folder = tmp_path_factory.mktemp("page")
    with api(folder, {"EMOLINE_DATA_DIR": str(folder / "data")}) as opened_client:
        yield opened_client


@pytest.fixture(scope="package")
def job(client: Client) -> dict[str, Any]:
    """The sample call, analysed."""
    config = {"channels": "split", "roles": ["agent", "customer"]}
    return client.ended(client.submit(SAMPLE.read_bytes(), "call.opus", **config)["id"])


@pytest.fixture
def watched(browser: Browser, client: Client) -> Iterator[Watched]:
    with opened(browser, str(client.base_url)) as watched_page:
        yield watched_page


@pytest.fixture
def page(watched: Watched) -> Page:
    return watched.page


@pytest.fixture
def looked_at(page: Page, job: dict[str, Any]) -> Page:
    """The page of the sample call."""
    page.goto(f"/#/jobs/{job['id']}")
    page.locator("canvas.chart").wait_for()
    return page
