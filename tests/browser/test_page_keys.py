"""The page of a service that wants a key, and of one that goes away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from shared.adapters.local_wake_ups import LocalWakeUps
from shared.container import build_services, open_services
from shared.domain.access import Scope
from shared.domain.options import JobOptions
from shared.settings import Settings
from tests.support.browser import Watched, opened, record_texts, wait_until
from tests.support.media.encode import encoded
from tests.support.media.speech import speech_like
from tests.support.processes import Process, url_of, wait_for
from tests.support.servers.cutting_proxy import CuttingProxy
from tests.support.service_client import Client

TALK = encoded(speech_like(5, seed=4).samples[:, None], 16_000, "wav")
PAGES = 3
"""Pages of the list that hold recordings which were canceled."""


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def secret(data_dir: Path) -> str:
    with open_services(Settings(data_dir=data_dir / "data"), LocalWakeUps()) as services:
        of_tenant = build_services(services.ports, "acme")
        for number in range(PAGES * 25):
            with of_tenant.submission.begin() as upload:
                upload.write(TALK)
                of_tenant.cancellation.cancel(upload.commit(f"old-{number}.wav", JobOptions()).id)
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
    page.locator("input[type=file]").set_input_files({"name": "talk.wav", "mimeType": "audio/wav", "buffer": TALK})
    expect(page.locator(".job").first).to_contain_text("Done")
    page.get_by_role("link", name="talk.wav", exact=True).click()
    page.get_by_role("button", name="Play the segment at 0:00").click()
    page.wait_for_function("() => document.querySelector('audio')?.currentTime > 0.3")
    page.get_by_text("Other files", exact=True).click()
    with page.expect_download():
        page.get_by_role("button", name="Result (JSON)").click()
    page.get_by_role("button", name="Forget key").click()
    expect(page.get_by_label("API key")).to_be_visible()
    assert not any(secret in url for url in asked)


def test_the_list_goes_on_while_its_end_stays_on_the_screen(watched: Watched, secret: str) -> None:
    page = watched.page
    page.set_viewport_size({"width": 1280, "height": 9000})
    page.get_by_label("API key").fill(secret)
    page.get_by_role("button", name="Use key").click()
    expect(page.locator(".job", has_text="old-")).to_have_count(PAGES * 25)


def test_an_unreachable_service_is_a_message_until_it_is_back(browser: Browser, client: Client) -> None:
    with CuttingProxy(str(client.base_url)) as proxy, opened(browser, proxy.url) as watched:
        page = watched.page
        page.get_by_label("Order").wait_for()
        watched.provoked.add("net::ERR_")
        messages = record_texts(page, "#away")
        with proxy.away():
            page.get_by_label("Order").select_option("name")
            expect(page.get_by_text("This page tries again by itself.")).to_be_visible()
        wait_until(page, lambda: "The service is back." in messages())
        expect(page.get_by_label("Order")).to_be_visible()
