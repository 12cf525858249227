"""The page has no violations that axe detects, in light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.support.browser import opened
from tests.support.service_client import Client


@pytest.fixture(params=["light", "dark"])
def page(request: pytest.FixtureRequest, browser: Browser, client: Client, job: dict[str, Any]) -> Iterator[Page]:
    with opened(browser, str(client.base_url), color_scheme=request.param, bypass_csp=True) as watched:
        yield watched.page


def findings(page: Page) -> list[str]:
    violations = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {node['html'][:200]}" for rule in violations for node in rule["nodes"]]


def test_no_view_has_findings(page: Page, job: dict[str, Any]) -> None:
    page.locator(".job").first.wait_for()
    page.get_by_text("Options", exact=True).click()
    page.get_by_label("Select all that are shown").check()
    page.get_by_role("button", name="Keep for…").click()
    assert findings(page) == []
    page.get_by_role("button", name="Cancel").click()
    page.goto("/#/trends")
    page.locator(".trend").wait_for()
    assert findings(page) == []
    page.goto(f"/#/compare?jobs={job['id']},{job['id']}")
    page.locator(".compare table").wait_for()
    assert findings(page) == []
    page.goto(f"/#/jobs/{job['id']}")
    page.locator("canvas.chart").wait_for()
    page.get_by_text("Other files", exact=True).click()
    page.get_by_text("Keys", exact=True).click()
    assert findings(page) == []
    page.get_by_role("button", name="Hand on this moment").click()
    page.get_by_role("button", name="Create link").click()
    page.get_by_label("Link without a key").wait_for()
    assert findings(page) == []
    page.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Keep it").wait_for()
    assert findings(page) == []
