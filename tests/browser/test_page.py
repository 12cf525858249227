"""The page in a real browser, used as people use it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import SAMPLE, Watched, opened, record_texts, wait_until
from tests.support.media.encode import encoded
from tests.support.media.speech import speech_like
from tests.support.servers.cutting_proxy import CuttingProxy
from tests.support.service_client import Client

QUARTER_HOUR = encoded(np.tile(speech_like(100, seed=5).samples, 9)[:, None], 16_000, "flac")

BRIGHT_COLOURS = """canvas => {
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  const halves = [new Set(), new Set()];
  for (let i = 0; i < data.length; i += 4) {
    const parts = data.slice(i, i + 3);
    if (Math.max(...parts) - Math.min(...parts) < 12) continue;
    halves[Math.floor(i / 4 / width) < height / 2 ? 0 : 1].add(parts.join());
  }
  return halves.map((half) => half.size);
}"""
"""The number of colours in the upper and in the lower half of the canvas."""


def played_s(page: Page) -> float:
    return float(page.locator("audio").evaluate("audio => audio.currentTime"))


def record_audio_times(page: Page) -> Callable[[], list[float]]:
    """Record at which second of its sound each segment begins to play; the result reads them."""
    page.locator("audio").evaluate(
        "audio => { window.times = []; audio.addEventListener('playing', () => window.times.push(audio.currentTime)); }"
    )
    return lambda: [float(time) for time in page.evaluate("window.times")]


def expect_to_play(page: Page) -> None:
    page.wait_for_function("() => document.querySelector('audio').currentTime > 0.3")
    before = played_s(page)
    page.wait_for_function("before => document.querySelector('audio').currentTime > before + 0.3", arg=before)


def shown_percent(page: Page) -> float:
    """The share of the recording that the window on the minimap covers."""
    return float(page.locator(".minimap .window").evaluate("it => parseFloat(it.style.width)"))


def test_a_recording_is_sent_followed_looked_at_and_heard(page: Page) -> None:
    page.get_by_text("Options", exact=True).click()
    page.get_by_label("Channels", exact=True).select_option("split")
    page.get_by_label("Name of the left channel").fill("agent")
    page.get_by_label("Name of the right channel").fill("customer")
    page.locator("input[type=file]").set_input_files(str(SAMPLE))
    row = page.locator(".job").first
    expect(row).to_contain_text(re.compile("segmenting|analysing|waiting|finishing"))
    expect(row).to_contain_text("Done")
    expect(row).to_contain_text("3:00")
    expect(row.locator(".dominant")).to_have_text(re.compile("[a-z]{3,}"))
    row.get_by_role("link", name="call.opus").click()
    expect(page.get_by_role("heading", name="call.opus")).to_be_visible()
    expect(page.locator(".notice")).to_contain_text("not to be relied on")
    page.get_by_role("button", name="Play the segment at 0:06").click()
    expect_to_play(page)
    expect(page.locator(".row.heard")).to_contain_text("customer")
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()


def test_a_click_on_the_timeline_plays_from_that_time_into_the_next_segment(
    looked_at: Page, client: Client, job: dict[str, Any]
) -> None:
    segments = client.get(f"/v1/jobs/{job['id']}/result").json()["segments"]
    last_of_it = segments[3]["end_ms"] - 700
    box = looked_at.locator("canvas.chart").bounding_box()
    assert box
    gutter = 92
    x = gutter + last_of_it / job["audio"]["duration_ms"] * (box["width"] - gutter)
    played = record_texts(looked_at, ".row.heard")
    times = record_audio_times(looked_at)
    cursor = looked_at.locator(".cursor")
    before = cursor.evaluate("it => it.style.transform")
    looked_at.mouse.click(box["x"] + x, box["y"] + box["height"] * 0.75)  # the second channel
    wait_until(looked_at, lambda: len(played()) >= 2)
    assert segments[3]["role"] in played()[0]
    assert times()[0] * 1000 > last_of_it - segments[3]["start_ms"] - 300
    assert f"0:{segments[4]['start_ms'] // 1000}." in played()[1]
    assert {segments[3]["role"], segments[4]["role"]} == {"agent", "customer"}
    assert cursor.evaluate("it => it.style.transform") != before


def test_a_file_that_is_no_recording_is_refused_in_a_sentence(watched: Watched, tmp_path: Path) -> None:
    watched.provoked.add("status of 415")
    text = tmp_path / "notes.txt"
    text.write_text("This is a text and no recording.\n" * 50)
    watched.page.locator("input[type=file]").set_input_files(str(text))
    sent = watched.page.locator(".sent")
    expect(sent).to_contain_text("notes.txt")
    expect(sent.locator(".error")).to_have_text(re.compile(r"^[A-Z].+\.$"))
    sent.get_by_role("button", name="Dismiss").click()
    expect(sent).to_have_count(0)


def test_a_recording_whose_answer_was_lost_is_sent_again_and_analysed_once(
    browser: Browser, client: Client, tmp_path: Path
) -> None:
    once = tmp_path / "once.opus"
    once.write_bytes(SAMPLE.read_bytes())
    with CuttingProxy(str(client.base_url)) as proxy, opened(browser, proxy.url) as watched:
        watched.provoked.add("net::ERR_")
        proxy.cut(1000, after=20)
        watched.page.locator("input[type=file]").set_input_files(str(once))
        retry_button = watched.page.get_by_role("button", name="Send again")
        retry_button.wait_for()
        proxy.cuts_left = 0
        retry_button.click()
        expect(retry_button).to_have_count(0)
        expect(watched.page.locator(".job", has_text="once.opus")).to_have_count(1)
    listed = client.get("/v1/jobs").json()["data"]
    assert [job["audio"]["filename"] for job in listed].count("once.opus") == 1


def test_a_job_is_canceled_tried_again_and_deleted(page: Page) -> None:
    page.locator("input[type=file]").set_input_files(
        {"name": "long.flac", "mimeType": "audio/flac", "buffer": QUARTER_HOUR}
    )
    row = page.locator(".job").filter(has_text="long.flac")
    row.get_by_role("button", name="Cancel").click()
    expect(row).to_contain_text("Canceled")
    row.get_by_role("button", name="Analyse all again").click()
    row.get_by_role("button", name="Cancel").click()
    expect(row).to_contain_text("Canceled")
    row.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Keep it").click()
    expect(row).to_have_count(1)
    row.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete for good").click()
    expect(row).to_have_count(0)


def test_jobs_are_filtered_by_state_and_emotion(page: Page, job: dict[str, Any]) -> None:
    expect(page.locator(f".job a[href='#/jobs/{job['id']}']")).to_be_visible()
    page.get_by_label("Dominant emotion").select_option(job["dominant"])
    expect(page.locator(f".job a[href='#/jobs/{job['id']}']")).to_be_visible()
    page.get_by_label("State").select_option("failed")
    expect(page.locator(".empty")).to_have_text("No recording matches.")


def test_segments_are_filtered_by_emotion_and_confidence(looked_at: Page, client: Client, job: dict[str, Any]) -> None:
    segments = client.get(f"/v1/jobs/{job['id']}/result").json()["segments"]
    sad = sum(segment["emotion"] == "sad" for segment in segments)
    sure = sum(segment["emotion"] == "sad" and segment["confidence"] >= 0.5 for segment in segments)
    assert 0 < sad < len(segments)
    table = looked_at.locator(".segments")
    expect(table.locator("p[role=status]")).to_have_text(f"{len(segments)} of {len(segments)}")
    table.get_by_role("combobox", name="Emotion", exact=True).select_option("sad")
    expect(table.locator("p[role=status]")).to_have_text(f"{sad} of {len(segments)}")
    table.get_by_label("Least confidence").fill("50")
    expect(table.locator("p[role=status]")).to_have_text(f"{sure} of {len(segments)}")
    table.get_by_role("combobox", name="State", exact=True).select_option("skipped")
    expect(table.locator("p[role=status]")).to_have_text(f"0 of {len(segments)}")


@pytest.mark.parametrize("view", ["Dominant", "Timeline", "Heat map"])
def test_each_view_draws_every_channel(looked_at: Page, view: str) -> None:
    looked_at.locator(".views label").filter(has_text=view).click()
    wait_until(looked_at, lambda: min(looked_at.locator("canvas.chart").evaluate(BRIGHT_COLOURS)) >= 2)


def test_the_timeline_is_merged_anew_as_asked(looked_at: Page) -> None:
    with looked_at.expect_response(lambda answer: "gap_ms=60000" in answer.url) as answer:
        looked_at.get_by_label("Merge gap, ms").fill("60000")
        looked_at.get_by_label("Merge gap, ms").press("Enter")
    assert answer.value.status == 200


def test_the_page_speaks_chinese_by_choice_and_where_the_browser_does(
    page: Page, browser: Browser, client: Client, job: dict[str, Any]
) -> None:
    page.get_by_label("Language").select_option("zh")
    expect(page.get_by_text("将录音拖放到此处")).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    page.reload()
    expect(page.get_by_text("将录音拖放到此处")).to_be_visible()
    with opened(browser, str(client.base_url), locale="zh-CN") as chinese:
        chinese.page.goto(f"/#/jobs/{job['id']}")
        expect(chinese.page.locator(".shares")).to_contain_text("中立")
        untranslated = chinese.page.locator("main").inner_text()
        assert not re.search(r"\b(?:fact|view|segments|gap|jobs|emotion)\.\w+", untranslated)


@pytest.fixture
def phone(browser: Browser, client: Client) -> Iterator[Page]:
    size = {"width": 360, "height": 740}
    with opened(browser, str(client.base_url), viewport=size, has_touch=True, is_mobile=True) as small_screen:
        yield small_screen.page


def test_a_phone_shows_everything_without_scrolling_sideways(phone: Page, job: dict[str, Any]) -> None:
    sideways = "() => document.documentElement.scrollWidth - innerWidth"
    phone.get_by_text("Options", exact=True).click()
    expect(phone.locator(".job").first).to_be_visible()
    assert phone.evaluate(sideways) <= 0
    phone.goto(f"/#/jobs/{job['id']}")
    expect(phone.get_by_role("button", name="Play the segment at 0:00")).to_be_visible()
    assert phone.evaluate(sideways) <= 0
    phone.get_by_role("button", name="Play the segment at 0:00").tap()
    expect_to_play(phone)


def test_the_keyboard_alone_will_do(page: Page, job: dict[str, Any]) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    link = page.locator(f".job a[href='#/jobs/{job['id']}']")
    tab_to(page, link)
    page.keyboard.press("Enter")
    chart = page.locator("canvas.chart")
    chart.wait_for()
    tab_to(page, chart)
    page.keyboard.press("+")
    wait_until(page, lambda: shown_percent(page) == pytest.approx(50, abs=0.1))
    page.keyboard.press("ArrowRight")
    assert int(chart.get_attribute("aria-valuenow") or 0) > 0
    assert re.search(r"0:0\d: \w+", chart.get_attribute("aria-valuetext") or "")
    page.keyboard.press("Enter")
    expect_to_play(page)
    playing = page.locator(".row.heard")
    row = int(playing.get_attribute("aria-rowindex") or 0)
    page.keyboard.press("n")
    wait_until(page, lambda: playing.count() == 1 and int(playing.get_attribute("aria-rowindex") or 0) > row)
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    page.keyboard.press("0")
    wait_until(page, lambda: shown_percent(page) == 100)


def tab_to(page: Page, target: Any) -> None:
    for _ in range(80):
        page.keyboard.press("Tab")
        if target.evaluate("it => it === document.activeElement"):
            return
    pytest.fail("It cannot be reached with the Tab key.")


def test_a_result_is_saved_as_a_file(looked_at: Page, job: dict[str, Any]) -> None:
    looked_at.get_by_text("Download", exact=True).click()
    with looked_at.expect_download() as download:
        looked_at.get_by_role("button", name="Result (JSON)").click()
    assert download.value.suggested_filename == "call-result.json"
    assert '"timeline"' in Path(download.value.path()).read_text()


def test_a_missing_job_has_a_message(watched: Watched) -> None:
    watched.provoked.add("status of 404")
    watched.page.goto("/#/jobs/job_00000000-0000-7000-8000-000000000000")
    expect(watched.page.locator(".error")).to_contain_text("Nothing is here.")
    watched.page.get_by_role("link", name="All recordings").click()
    expect(watched.page.get_by_text("Drop recordings here")).to_be_visible()


def test_a_reviewer_corrects_an_emotion_and_withdraws_the_correction(
    looked_at: Page, client: Client, job: dict[str, Any]
) -> None:
    segments = f"/v1/jobs/{job['id']}/segments"
    select = looked_at.get_by_label("True emotion of the segment at 0:06")
    with looked_at.expect_response(lambda answer: answer.url.endswith("/correction")):
        select.select_option("angry")
    assert client.get(segments).json()["data"][1]["correction"]["emotion"] == "angry"
    looked_at.get_by_role("combobox", name="State", exact=True).select_option("corrected")
    expect(looked_at.locator(".segments p[role=status]")).to_have_text("1 of 21")
    with looked_at.expect_response(lambda answer: answer.url.endswith("/correction")):
        select.select_option("as analysed")
    assert client.get(segments).json()["data"][1]["correction"] is None


@pytest.mark.parametrize(("name", "begins"), [("Heat map (PNG)", b"\x89PNG"), ("Praat (TextGrid)", b"File type")])
def test_pictures_and_exports_are_saved_as_files(looked_at: Page, name: str, begins: bytes) -> None:
    looked_at.get_by_text("Download", exact=True).click()
    with looked_at.expect_download() as download:
        looked_at.get_by_role("button", name=name).click()
    assert download.value.suggested_filename.startswith("call")
    assert Path(download.value.path()).read_bytes().startswith(begins)
