"""The stand-in for speech must look like speech to the voice detector."""

import numpy as np
import pytest
import webrtcvad

from tests.support.media.speech import speech_like

FRAME_S = 0.03
HANGOVER_S = 0.15
"""The detector stays on for a while after speech has ended."""


def voiced_frames(samples: np.ndarray, rate: int) -> np.ndarray:
    vad = webrtcvad.Vad(2)
    size = round(FRAME_S * rate)
    frames = samples[: len(samples) // size * size].reshape(-1, size)
    return np.array([vad.is_speech(frame.tobytes(), rate) for frame in frames])


def share_inside(spans: list[tuple[int, int]], count: int, rate: int) -> np.ndarray:
    """Share of each frame that lies in a span, float [count]."""
    size = round(FRAME_S * rate)
    inside = np.zeros(count * size)
    for start, end in spans:
        inside[start:end] = 1
    shares: np.ndarray = inside.reshape(count, size).mean(axis=1)
    return shares


@pytest.mark.parametrize("rate", [8000, 16000, 48000])
@pytest.mark.parametrize("seed", range(4))
def test_speech_is_voiced_and_pauses_are_not(rate: int, seed: int) -> None:
    samples, spans = speech_like(20, rate, seed)
    voiced = voiced_frames(samples, rate)
    with_hangover = [(start, end + round(HANGOVER_S * rate)) for start, end in spans]
    assert voiced[share_inside(spans, len(voiced), rate) == 1].mean() > 0.95
    assert not voiced[share_inside(with_hangover, len(voiced), rate) == 0].any()


def test_silence_is_not_voiced() -> None:
    samples, spans = speech_like(5, pauses=[(0, 5)])
    assert spans == []
    assert not voiced_frames(samples, 16_000).any()


def test_stated_pauses_are_exact() -> None:
    samples, spans = speech_like(6, pauses=[(1, 2.5), (4, 4.3)])
    assert spans == [(0, 16_000), (40_000, 64_000), (68_800, 96_000)]
    assert len(samples) == 96_000
    assert not samples[16_000:40_000].any()


def test_same_seed_same_signal() -> None:
    assert np.array_equal(speech_like(3, seed=5).samples, speech_like(3, seed=5).samples)
    assert not np.array_equal(speech_like(3, seed=5).samples, speech_like(3, seed=6).samples)
