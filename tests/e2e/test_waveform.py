"""The waveform from the real pipeline, compared with another decoder."""

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
    document = waveform(client, CALL.read_bytes())
    sound, rate = soundfile.read(io.BytesIO(CALL.read_bytes()), dtype="float32")
    step = rate // 50
    steps = sound[: len(sound) // step * step].reshape(-1, step, 2)
    expected = steps.max(axis=1) - steps.min(axis=1)
    assert [channel_document["channel"] for channel_document in document["channels"]] == [0, 1]
    assert document["end_ms"] == pytest.approx(1000 * len(sound) / rate, abs=50)
    for number, channel_document in enumerate(document["channels"]):
        drawn = heights(channel_document)[: len(expected)]
        by_shift = {
            shift: np.corrcoef(np.roll(drawn, shift), expected[: len(drawn), number])[0, 1] for shift in range(-5, 6)
        }
        best = max(by_shift, key=by_shift.__getitem__)
        assert abs(best) * 20 <= 50
        assert by_shift[best] > 0.98


@pytest.mark.parametrize("kind", ["wav", "mp3", "opus"])
def test_a_click_is_drawn_where_it_is_heard(client: Client, kind: str) -> None:
    sound = speech_like(20, seed=8).samples // 8
    for click_s in CLICKS_S:
        at = round(click_s * RATE)
        sound[at : at + 32] = 30_000
    document = waveform(client, encoded(sound[:, None], RATE, kind), channels="mix")
    drawn = heights(document["channels"][0])
    for click_s in CLICKS_S:
        near = slice(max(0, round(click_s * 50) - 25), round(click_s * 50) + 25)
        highest = (near.start + int(drawn[near].argmax()) + 0.5) * 20
        assert highest == pytest.approx(1000 * click_s, abs=50)


def test_a_channel_that_is_not_analysed_is_not_drawn(client: Client) -> None:
    config = {"channels": "split", "roles": ["agent", "customer"], "analyse": ["customer"]}
    (channel_document,) = waveform(client, CALL.read_bytes(), **config)["channels"]
    assert (channel_document["channel"], channel_document["role"]) == (1, "customer")
