"""The report as a file in a real Chromium that has no network."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Browser, Page

from reports.html import render
from reports.report_input import ReportInput
from shared.domain.recording import SAMPLE_RATE
from tests.support.browser import wait_until
from tests.support.report_inputs import HOSTILE, call, day, report_input
from tests.support.waiting import PATIENCE_S

CLIP_S = 3


def clip() -> bytes:
    """Three seconds of a tone, as segments are kept."""
    sound = np.sin(np.arange(CLIP_S * SAMPLE_RATE) * 2 * np.pi * 220 / SAMPLE_RATE) * 0.3
    file = io.BytesIO()
    soundfile.write(file, sound, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    return file.getvalue()


@contextmanager
def opened(browser: Browser, folder: Path, source: ReportInput, **look: Any) -> Iterator[Page]:
    """The report of a subject, opened from the disk; nothing may be complained about or asked of anybody."""
    file = folder / "report.html"
    file.write_bytes(render(source, "en"))
    complaints: list[str] = []
    with browser.new_context(**look) as context:
        context.set_offline(True)
        context.set_default_timeout(PATIENCE_S * 1000)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda asked: complaints.append(asked.url) if asked.url.startswith("http") else None)
        page.goto(file.as_uri())
        yield page
        assert complaints == []


def test_a_clip_plays_from_inside_the_file(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, tmp_path, report_input(call(), clips={index: clip() for index in range(60)})) as page:
        players = page.locator("audio")
        assert players.count() == page.locator("table.key tbody tr").count() > 5
        first = players.first
        wait_until(page, lambda: bool(first.evaluate("player => player.readyState >= 1")))
        assert first.evaluate("player => player.duration") == pytest.approx(CLIP_S, abs=0.05)
        first.focus()
        page.keyboard.press("Space")
        wait_until(page, lambda: float(first.evaluate("player => player.currentTime")) > 0.3)
        assert not first.evaluate("player => player.paused")
        assert first.evaluate("player => player.error") is None


def test_its_style_and_pictures_are_let_in_by_its_policy(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, tmp_path, report_input(call())) as page:
        assert page.locator("h1").evaluate("e => getComputedStyle(e).fontWeight") == "700"
        image = page.locator(".shares img")
        assert image.evaluate("image => image.complete && image.naturalWidth") > 100
        assert page.locator("figure.wide svg").bounding_box()


@pytest.mark.parametrize(("scheme", "is_dark"), [("light", False), ("dark", True)])
def test_it_is_light_or_dark_as_the_reader_has_it(browser: Browser, tmp_path: Path, scheme: str, is_dark: bool) -> None:
    with opened(browser, tmp_path, report_input(call()), color_scheme=scheme) as page:
        paper = page.locator("body").evaluate("e => getComputedStyle(e).backgroundColor")
        assert (paper != "rgb(255, 255, 255)") is is_dark
        page.emulate_media(media="print")
        assert page.locator("body").evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(255, 255, 255)"
        assert page.pdf()


@pytest.mark.parametrize("name", ["call.mp3", *HOSTILE])
def test_no_name_makes_the_report_wider_than_the_screen(browser: Browser, tmp_path: Path, name: str) -> None:
    roles = (name[:64], "b") if name.isprintable() else ("a", "b")
    source = report_input(call(), filename=name, roles=roles, metadata={name: name})
    with opened(browser, tmp_path, source) as page:
        for width in (390, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            pictures = page.locator("figure svg").locator("visible=true")
            assert pictures.count() == 1
            box = pictures.bounding_box()
            assert box
            assert box["x"] + box["width"] <= width
            letters = pictures.locator("text").first.evaluate("it => it.getBoundingClientRect().height")
            assert letters >= 10  # pixels
            segments = page.locator("table.key")
            assert segments.evaluate("table => table.scrollWidth <= table.parentElement.clientWidth")


def test_a_day_of_segments_opens_without_a_pause(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, tmp_path, report_input(day(), seconds=24 * 3600)) as page:
        parts = page.locator("details")
        assert parts.count() == 12
        for number in range(3):
            started = perf_counter()
            parts.nth(number).locator("summary").click()
            parts.nth(number).locator("tbody tr").last.scroll_into_view_if_needed()
            page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
            assert perf_counter() - started < 30  # 0.1 to 0.3 s beside four busy processes
        assert page.locator("details[open] tbody tr").count() == 1500
