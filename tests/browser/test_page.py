"""The page in a real browser, used as people use it."""

from __future__ import annotations

import re
from collections.abc import Iterator
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

TURNS = np.zeros((20 * 16_000, 2), np.int16)
TURNS[: 6 * 16_000, 0] = speech_like(6, seed=4).samples
TURNS[8 * 16_000 : 16 * 16_000, 1] = speech_like(8, seed=6).samples
SENT = encoded(TURNS, 16_000, "flac")
"""Twenty seconds, of which the second channel has the last that is spoken, from the eighth second on."""

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


def expect_to_play(page: Page) -> None:
    page.wait_for_function("() => document.querySelector('audio')?.currentTime > 0.3")
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
    states = record_texts(page, ".job")
    page.locator("input[type=file]").set_input_files({"name": "sent.flac", "mimeType": "audio/flac", "buffer": SENT})
    row = page.locator(".job").first
    expect(row).to_contain_text("sent.flac")
    expect(row).to_contain_text("Done")
    assert re.search("segmenting|analysing|waiting|finishing", " ".join(states()))
    expect(row).to_contain_text("0:20")
    expect(row.locator(".share")).to_have_text(re.compile(r"[a-z]{3,} \d+%"))
    row.get_by_role("link", name="sent.flac", exact=True).click()
    expect(page.get_by_role("heading", name="sent.flac")).to_be_visible()
    expect(page.locator(".notice")).to_contain_text("not to be relied on")
    page.get_by_role("button", name="Play the segment at 0:0").last.click()
    expect_to_play(page)
    expect(page.locator(".row.heard").first).to_contain_text("customer")
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()


def test_a_click_on_the_timeline_plays_the_whole_recording_from_that_time(
    looked_at: Page, client: Client, job: dict[str, Any]
) -> None:
    segments = client.get(f"/v1/jobs/{job['id']}/result").json()["segments"]
    last_of_it = segments[3]["end_ms"] - 700
    box = looked_at.locator("canvas.chart").bounding_box()
    assert box
    gutter = 92
    x = gutter + last_of_it / job["audio"]["duration_ms"] * (box["width"] - gutter)
    cursor = looked_at.locator(".cursor")
    before = cursor.evaluate("it => it.style.transform")
    looked_at.mouse.click(box["x"] + x, box["y"] + box["height"] * 0.75)
    expect_to_play(looked_at)
    audio = looked_at.locator("audio")
    assert str(audio.evaluate("it => it.src")).endswith("/audio")
    assert float(audio.evaluate("it => it.duration")) == pytest.approx(job["audio"]["duration_ms"] / 1000, abs=0.05)
    assert played_s(looked_at) * 1000 > last_of_it - 300
    assert cursor.evaluate("it => it.style.transform") != before
    looked_at.get_by_label("Speed").select_option("2")
    assert audio.evaluate("it => it.playbackRate") == 2
    looked_at.locator("canvas.chart").press("r")
    expect(looked_at.get_by_role("button", name="customer")).to_have_attribute("aria-pressed", "false")
    looked_at.wait_for_function(
        "end => document.querySelector('audio').currentTime * 1000 > end", arg=last_of_it + 1500
    )


def test_a_link_opens_at_its_moment_and_plays_it(page: Page, job: dict[str, Any]) -> None:
    page.goto(f"/#/jobs/{job['id']}?t=67.0&play=1")
    page.wait_for_function("() => document.querySelector('audio')?.currentTime > 67.2")
    page.get_by_role("button", name="Pause", exact=True).click()
    page.evaluate("hash => { location.hash = hash }", f"#/jobs/{job['id']}?t=12.5")
    expect(page.locator(".now")).to_contain_text("0:12 /")
    page.get_by_role("button", name="Hand on this moment").click()
    expect(page.get_by_label("Address of this moment")).to_have_value(re.compile(r"#/jobs/job_[\w-]+\?t=12\.5$"))


def test_a_shared_link_shows_its_call_and_no_other(
    page: Page, browser: Browser, client: Client, job: dict[str, Any]
) -> None:
    page.goto(f"/#/jobs/{job['id']}?t=12.5")
    page.get_by_role("button", name="Hand on this moment").click()
    page.get_by_role("button", name="Create link").click()
    address = page.get_by_label("Link without a key").input_value()
    assert address.endswith("?t=12.5")
    with opened(browser, str(client.base_url)) as coach:
        coach.provoked.add("status of 403")
        coach.page.goto(address)
        expect(coach.page.locator(".now")).to_contain_text("0:12 /")
        assert "shared" not in coach.page.url
        coach.page.get_by_role("button", name="Play", exact=True).click()
        expect_to_play(coach.page)
        coach.page.get_by_label("True emotion of the segment at 0:06").select_option("angry")
        expect(coach.page.get_by_text("The API key lacks the scope write.")).to_be_visible()
        coach.page.get_by_role("link", name="All recordings").click()
        expect(coach.page.get_by_text("This link shares one call and nothing else.")).to_be_visible()


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


def test_a_job_is_canceled_tried_again_and_deleted(watched: Watched) -> None:
    watched.provoked.add("status of 410")  # the list may ask for the lanes of a job that is being deleted
    page = watched.page
    page.locator("input[type=file]").set_input_files(
        {"name": "long.flac", "mimeType": "audio/flac", "buffer": QUARTER_HOUR}
    )
    row = page.locator(".job").filter(has_text="long.flac")
    row.get_by_role("button", name="Cancel").click()
    expect(row).to_contain_text("Canceled")
    row.get_by_role("button", name="Try again").click()
    row.get_by_role("button", name="Cancel").click()
    expect(row).to_contain_text("Canceled")
    row.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Keep it").click()
    expect(row).to_have_count(1)
    row.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete for good").click()
    expect(row).to_have_count(0)


def test_calls_are_found_by_emotion_and_role_and_their_worst_minute_is_a_click_away(
    page: Page, client: Client, job: dict[str, Any]
) -> None:
    worst = client.get("/v1/jobs", params={"channel": "customer"}).json()["data"]
    start_ms = next(each["facts"]["worst_minute"]["start_ms"] for each in worst if each["id"] == job["id"])
    row = page.locator(".job").filter(has=page.locator(f"a[href='#/jobs/{job['id']}']"))
    page.get_by_role("combobox", name="Emotion", exact=True).select_option("angry")
    page.get_by_role("combobox", name="Role", exact=True).select_option("customer")
    expect(row.locator(".share")).to_contain_text("customer")
    page.get_by_role("combobox", name="Part", exact=True).select_option("last_quarter")
    page.get_by_role("combobox", name="Share", exact=True).select_option("0.75")
    expect(page.locator(".empty")).to_have_text("No recording matches.")
    assert page.url.endswith("#/?emotion=angry&channel=customer&part=last_quarter&min_share=0.75")
    page.reload()
    expect(page.locator(".empty")).to_have_text("No recording matches.")
    page.get_by_role("combobox", name="Share", exact=True).select_option("")
    page.get_by_role("combobox", name="Part", exact=True).select_option("whole")
    row.locator(".play-worst").click()
    page.wait_for_function("ms => document.querySelector('audio')?.currentTime * 1000 > ms", arg=start_ms + 200)


def test_many_calls_are_selected_compared_exported_kept_and_deleted(
    page: Page, client: Client, job: dict[str, Any]
) -> None:
    config = {"channels": "split", "roles": ["agent", "customer"]}
    doomed = [client.submit(SENT, f"doomed-{number}.flac", **config)["id"] for number in range(2)]
    for job_id in doomed:
        client.ended(job_id)
    page.get_by_label("File name").fill("doomed")
    expect(page.locator(".job")).to_have_count(2)
    page.locator(".job").first.get_by_role("checkbox").check()
    expect(page.get_by_role("button", name="Compare")).to_be_disabled()
    page.get_by_label("Select all that are shown").check()
    page.get_by_role("button", name="Compare").press("Enter")
    rows = page.locator(".compare tbody tr")
    expect(rows.filter(has_text="customer, last quarter").locator("td")).to_have_count(2)
    expect(page.locator(".compare thead a")).to_have_text(["doomed-1.flac", "doomed-0.flac"])
    expect(rows.filter(has_text="Talk").locator("td").first).to_contain_text(re.compile(r"agent \d+%, customer \d+%"))
    page.go_back()
    page.get_by_label("Select all that are shown").check()
    page.get_by_role("button", name="Keep for…").click()
    page.get_by_role("combobox", name="Keep", exact=True).last.select_option("Delete the sound after 7 days")
    page.get_by_role("button", name="Change", exact=True).click()
    week = {"audio_s": 7 * 24 * 3600, "results_s": None}
    wait_until(page, lambda: all(retention_of(client, job_id) == week for job_id in doomed))
    page.get_by_role("link", name="doomed-0.flac", exact=True).click()
    expect(page.locator(".facts")).to_contain_text("sound until")
    page.go_back()
    page.get_by_label("Select all that are shown").check()
    page.get_by_role("button", name="Delete selected").click()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.locator(".job")).to_have_count(0)
    assert [client.get(f"/v1/jobs/{job_id}").status_code for job_id in doomed] == [410, 410]
    page.get_by_role("button", name="Clear").click()
    page.locator(".job").filter(has=page.locator(f"a[href='#/jobs/{job['id']}']")).get_by_role("checkbox").check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    assert download.value.suggested_filename == "call.csv"


def retention_of(client: Client, job_id: str) -> Any:
    return client.get(f"/v1/jobs/{job_id}").json()["config"]["retention"]


def test_a_week_of_trends_leads_to_its_calls(page: Page, job: dict[str, Any]) -> None:
    page.get_by_role("link", name="Trends").click()
    expect(page.locator(".trend tbody tr")).to_have_count(1)
    page.locator(".trend tbody th a").click()
    expect(page.locator(f".job a.name[href='#/jobs/{job['id']}']")).to_be_visible()
    assert "recorded_after=" in page.url


def test_segments_are_filtered_by_emotion_and_confidence(looked_at: Page, client: Client, job: dict[str, Any]) -> None:
    segments = client.get(f"/v1/jobs/{job['id']}/result").json()["segments"]
    sad = sum(segment["emotion"] == "sad" for segment in segments)
    sure = sum(segment["emotion"] == "sad" and segment["confidence"] >= 0.5 for segment in segments)
    assert 0 < sad < len(segments)
    table = looked_at.locator(".segments")
    expect(table.locator(".head p[role=status]")).to_have_text(f"{len(segments)} of {len(segments)}")
    table.get_by_role("combobox", name="Emotion", exact=True).select_option("sad")
    expect(table.locator(".head p[role=status]")).to_have_text(f"{sad} of {len(segments)}")
    table.get_by_label("Least confidence").fill("50")
    expect(table.locator(".head p[role=status]")).to_have_text(f"{sure} of {len(segments)}")
    table.get_by_role("combobox", name="State", exact=True).select_option("skipped")
    expect(table.locator(".head p[role=status]")).to_have_text(f"0 of {len(segments)}")


def test_each_view_draws_every_channel(looked_at: Page) -> None:
    chart = looked_at.locator("canvas.chart")
    for view in ("Dominant", "Heat map", "Curve"):
        height = chart.evaluate("it => it.height")
        looked_at.locator(".views label").filter(has_text=view).click()
        expect(chart).not_to_have_js_property("height", height)
        wait_until(looked_at, lambda: min(chart.evaluate(BRIGHT_COLOURS)) >= 2)


def test_the_timeline_is_merged_anew_as_asked(looked_at: Page) -> None:
    looked_at.get_by_text("Merging", exact=True).click()
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
        expect(chinese.page.locator(".notice").filter(has_text="小型演示模型")).to_be_visible()
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
    chosen = page.locator(".row.chosen")
    row = int(chosen.get_attribute("aria-rowindex") or 0)
    page.keyboard.press("n")
    wait_until(page, lambda: int(chosen.get_attribute("aria-rowindex") or 0) > row)
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


def test_results_and_exports_are_saved_as_files(looked_at: Page, job: dict[str, Any]) -> None:
    looked_at.get_by_text("Other files", exact=True).click()
    for name, filename, part in (
        ("Result (JSON)", "call-result.json", b'"timeline"'),
        ("Heat map (PNG)", "call-heatmap.png", b"\x89PNG"),
        ("Praat (TextGrid)", "call.TextGrid", b"File type"),
    ):
        with looked_at.expect_download() as download:
            looked_at.get_by_role("button", name=name).click()
        assert download.value.suggested_filename == filename
        assert part in Path(download.value.path()).read_bytes()


def test_a_missing_job_has_a_message(watched: Watched) -> None:
    watched.provoked.add("status of 404")
    watched.page.goto("/#/jobs/job_00000000-0000-7000-8000-000000000000")
    expect(watched.page.locator(".error")).to_contain_text("Nothing is here.")
    watched.page.get_by_role("link", name="All recordings").click()
    expect(watched.page.get_by_text("Drop recordings here")).to_be_visible()


def test_a_reviewer_corrects_an_emotion_and_all_that_is_shown_follows(
    looked_at: Page, client: Client, job: dict[str, Any]
) -> None:
    segments = f"/v1/jobs/{job['id']}/segments"
    select = looked_at.get_by_label("True emotion of the segment at 0:06")
    shares = looked_at.locator(".shares")
    before = shares.inner_text()
    assert "surprised" not in before
    select.select_option("surprised")
    expect(shares).to_contain_text("surprised")
    assert client.get(segments).json()["data"][1]["correction"]["emotion"] == "surprised"
    looked_at.get_by_role("combobox", name="State", exact=True).select_option("corrected")
    expect(looked_at.locator(".segments .head p[role=status]")).to_have_text("1 of 21")
    select.select_option("as analysed")
    expect(shares).to_have_text(before, use_inner_text=True)
    assert client.get(segments).json()["data"][1]["correction"] is None


def test_keys_play_the_least_sure_segment_correct_it_and_comment_on_it(
    looked_at: Page, client: Client, job: dict[str, Any]
) -> None:
    segments = f"/v1/jobs/{job['id']}/segments"
    least = min(client.get(segments).json()["data"], key=lambda segment: segment["confidence"])
    chart = looked_at.locator("canvas.chart")
    chart.press("u")
    chart.press("3")
    expect(looked_at.get_by_text("1 of 21 corrected")).to_be_visible()
    chart.press("c")
    looked_at.locator("#comment").fill("A whisper.")
    looked_at.get_by_role("button", name="Save").click()
    wait_until(looked_at, lambda: comment_of(client, segments, least["index"]) == ("fearful", "A whisper."))
    chart.press("Delete")
    expect(looked_at.get_by_text("0 of 21 corrected")).to_be_visible()


def comment_of(client: Client, segments: str, index: int) -> tuple[str, str | None] | None:
    correction = client.get(segments).json()["data"][index]["correction"]
    return (correction["emotion"], correction["comment"]) if correction else None
