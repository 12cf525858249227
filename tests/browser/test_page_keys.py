"""The page of a service that wants a key, and of one that goes away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from shared.adapters.local_wake_ups import LocalWakeUps
from shared.container import open_services
from shared.domain.access import Scope
from shared.settings import Settings
from tests.support.browser import SAMPLE, Watched, opened, record_texts, wait_until
from tests.support.processes import Process, url_of, wait_for
from tests.support.service_client import Client


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def secret(data_dir: Path) -> str:
    with open_services(Settings(data_dir=data_dir / "data"), LocalWakeUps()) as services:
        return str(services.api_keys.create("page", "acme", [Scope.READ, Scope.WRITE])[1])


@pytest.fixture(scope="module")
def serve(browser: Browser, data_dir: Path, secret: str) -> Iterator[Process]:
    with Process(data_dir / "log", {"EMOLINE_DATA_DIR": str(data_dir / "data")}, "serve", "--port", "0") as process:
        wait_for(process)
        yield process


@pytest.fixture
def watched(browser: Browser, serve: Process) -> Iterator[Watched]:
    with opened(browser, url_of(serve)) as watched_page:
        watched_page.provoked.add("status of 401")
        watched_page.complaints.clear()
        yield watched_page


def test_a_key_opens_the_whole_page_and_never_appears_in_a_url(watched: Watched, serve: Process, secret: str) -> None:
    page = watched.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_label("API key").fill("emo_wrong")
    page.get_by_role("button", name="Use key").click()
    expect(page.locator(".error")).to_contain_text("The key was refused")
    page.get_by_label("API key").fill(secret)
    page.get_by_role("button", name="Use key").click()
    expect(page.get_by_text("Drop recordings here")).to_be_visible()
    page.locator("input[type=file]").set_input_files(str(SAMPLE))
    expect(page.locator(".job").first).to_contain_text("Done")
    page.get_by_role("link", name="call.opus", exact=True).click()
    page.get_by_role("button", name="Play the segment at 0:00").click()
    page.wait_for_function("() => document.querySelector('audio')?.currentTime > 0.3")
    page.get_by_text("Other files", exact=True).click()
    with page.expect_download():
        page.get_by_role("button", name="Result (JSON)").click()
    page.get_by_role("button", name="Forget key").click()
    expect(page.get_by_label("API key")).to_be_visible()
    assert not any(secret in url for url in asked)


def test_an_unreachable_service_is_a_message_until_it_is_back(browser: Browser, data_dir: Path) -> None:
    environment = {"EMOLINE_DATA_DIR": str(data_dir / "away")}
    with Process(data_dir / "log-1", environment, "serve", "--port", "0") as first:
        wait_for(first)
        url = url_of(first)
        with opened(browser, url) as watched:
            page = watched.page
            expect(page.get_by_text("No recordings yet.")).to_be_visible()
            watched.provoked.add("net::ERR_")
            first.kill()
            page.get_by_label("Order").select_option("name")
            expect(page.get_by_text("This page tries again by itself.")).to_be_visible()
            messages = record_texts(page, "#away")
            with Process(data_dir / "log-2", environment, "serve", "--port", url.rpartition(":")[2]) as second:
                wait_for(second)
                wait_until(page, lambda: "The service is back." in messages())
                expect(page.get_by_text("No recordings yet.")).to_be_visible()
                with Client(base_url=url) as client:
                    client.submit(SAMPLE.read_bytes(), "call.opus")
                page.reload()
                expect(page.locator(".job")).to_have_count(1)
