"""The waveform through the real pipeline, against what another decoder hears."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from tests.support.media.encode import encoded
from tests.support.media.speech import speech_like
from tests.support.service_client import Client

CALL = Path(__file__).parents[2] / "samples" / "call.opus"
RATE = 16_000
CLICKS_S = (0.5, 7.33, 19.987)


def waveform(client: Client, content: bytes, **config: Any) -> dict[str, Any]:
    job, _ = client.analysed(content, **config)
    return dict(client.get(job["links"]["waveform"], params={"points": 20_000}).json())


def heights(channel: dict[str, Any]) -> NDArray[np.float64]:
    """The height of each pair, from its lowest to its highest."""
    lowest, highest = (np.array(channel[name], np.float64) for name in ("min", "max"))
    return highest - lowest


def test_the_waveform_of_the_bundled_call_is_where_its_sound_is(client: Client) -> None:
    found = waveform(client, CALL.read_bytes())
    sound, rate = soundfile.read(io.BytesIO(CALL.read_bytes()), dtype="float32")
    step = rate // 50
    steps = sound[: len(sound) // step * step].reshape(-1, step, 2)
    other = steps.max(axis=1) - steps.min(axis=1)
    assert [one["channel"] for one in found["channels"]] == [0, 1]
    assert found["end_ms"] == pytest.approx(1000 * len(sound) / rate, abs=50)
    for number, one in enumerate(found["channels"]):
        own = heights(one)[: len(other)]
        by_shift = {shift: np.corrcoef(np.roll(own, shift), other[: len(own), number])[0, 1] for shift in range(-5, 6)}
        best = max(by_shift, key=by_shift.__getitem__)
        assert abs(best) * 20 <= 50
        assert by_shift[best] > 0.98


@pytest.mark.parametrize("kind", ["wav", "mp3", "opus"])
def test_a_click_is_drawn_where_it_is_heard(client: Client, kind: str) -> None:
    sound = speech_like(20, seed=8).samples // 8
    for click_s in CLICKS_S:
        at = round(click_s * RATE)
        sound[at : at + 32] = 30_000
    found = waveform(client, encoded(sound[:, None], RATE, kind), channels="mix")
    own = heights(found["channels"][0])
    for click_s in CLICKS_S:
        near = slice(max(0, round(click_s * 50) - 25), round(click_s * 50) + 25)
        highest = (near.start + int(own[near].argmax()) + 0.5) * 20
        assert highest == pytest.approx(1000 * click_s, abs=50)


def test_a_channel_that_is_not_analysed_is_not_drawn(client: Client) -> None:
    config = {"channels": "split", "roles": ["agent", "customer"], "analyse": ["customer"]}
    (one,) = waveform(client, CALL.read_bytes(), **config)["channels"]
    assert (one["channel"], one["role"]) == (1, "customer")
