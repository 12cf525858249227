"""The drawing agrees with the sound to 50 ms."""

from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import Watched, wait_until
from tests.support.media.encode import encoded
from tests.support.media.speech import speech_like
from tests.support.service_client import Client

RATE = 16_000
TALK = speech_like(6, seed=4).samples
BEGINS_S = 30
RECORDING = np.zeros(64 * RATE, np.int16)
RECORDING[BEGINS_S * RATE : BEGINS_S * RATE + len(TALK)] = TALK
LOUD = int(np.argmax(np.abs(TALK) > np.abs(TALK).max() * 0.1))
"""The first sample of the talk that is drawn higher than a line."""

BEGINNINGS = """canvas => {
  const gutter = 92, top = 24 + 84, band = 18, height = 72;  // below the ruler and the curve
  const { data, width } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const at = (x, y) => data.slice(4 * (y * width + x), 4 * (y * width + x) + 3).join();
  const middle = top + (band + height) / 2;
  const columns = Array.from({ length: width - gutter }, (_, i) => gutter + i);
  const bare = at(gutter + 20, top + 2);  // silence, and no tick of the ruler
  const first = (is) => columns.find((x) => is(x) && is(x + 1) && is(x + 2)) - gutter;
  const region = first((x) => at(x, top + 2) !== bare);
  const loud = columns.find((x) => [-4, 4].some((y) => at(x, middle + y) !== at(x, top + band + 1))) - gutter;
  const shown = document.querySelector(".minimap .window").style;
  return { region, loud, columns: columns.length, left: parseFloat(shown.left), width: parseFloat(shown.width) };
}"""
"""The first columns of the first channel that are coloured, and in which the waveform is more than a line."""


def test_waveform_and_regions_begin_where_the_sound_does(page: Page, client: Client) -> None:
    job, result = client.analysed(encoded(RECORDING[:, None], RATE, "wav"))
    duration = job["audio"]["duration_ms"]
    page.goto(f"/#/jobs/{job['id']}")
    chart = page.locator("canvas.chart")
    chart.focus()
    for _ in range(9):
        chart.press("ArrowRight")
    for _ in range(4):
        chart.press("+")

    def drawn_ms() -> dict[str, float]:
        drawn = chart.evaluate(BEGINNINGS)
        percent = {name: drawn["left"] + drawn["width"] * drawn[name] / drawn["columns"] for name in ("loud", "region")}
        return {name: duration * share / 100 for name, share in (percent | {"span": drawn["width"]}).items()}

    loud_ms = 1000 * (BEGINS_S + LOUD / RATE)
    expected = {"loud": loud_ms, "region": result["segments"][0]["start_ms"], "span": 4000}
    wait_until(page, lambda: drawn_ms() == pytest.approx(expected, abs=50))  # finer peaks come later
    assert drawn_ms()["span"] == pytest.approx(4000, abs=1)
    assert BEGINS_S * 1000 - 200 < result["segments"][0]["start_ms"] < BEGINS_S * 1000 + 200


def test_the_segments_are_heard_where_the_recording_holds_what_nobody_may_hear(
    watched: Watched, client: Client
) -> None:
    watched.provoked.add("status of 409")
    page = watched.page
    sound = encoded(np.stack([TALK, TALK[::-1]], axis=1), RATE, "wav")
    job, _ = client.analysed(sound, channels="split", analyse=[0])
    page.goto(f"/#/jobs/{job['id']}?t=0.5&play=1")
    expect(page.get_by_text("The segments are played at their times")).to_be_visible()
    wait_until(page, lambda: page.locator(".now").inner_text() >= "0:02")
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()


def test_a_recording_that_browsers_do_not_play_exactly_is_heard_as_a_copy(watched: Watched, client: Client) -> None:
    watched.provoked.add("status of 409")
    page = watched.page
    job, _ = client.analysed(encoded(RECORDING[:, None], RATE, "mp3_vbr"))
    page.goto(f"/#/jobs/{job['id']}?t={BEGINS_S - 1}&play=1")
    page.wait_for_function("from => document.querySelector('audio')?.currentTime > from", arg=BEGINS_S)
    audio = page.locator("audio")
    assert client.get(f"/v1/jobs/{job['id']}/audio").headers["content-type"] == "audio/ogg"
    assert float(audio.evaluate("it => it.duration")) == pytest.approx(job["audio"]["duration_ms"] / 1000, abs=0.05)
    expect(page.get_by_text("segments are played")).to_be_hidden()
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.locator(".now")).to_contain_text(re.compile(r"0:3\d /"))
