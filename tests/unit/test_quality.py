from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from shared.domain.segment import SegmentFlag
from tests.support.media.speech import speech_like
from worker.pipeline.ports import Samples
from worker.pipeline.signal_quality import quality_flags

RATE = 16_000
TOO_SHORT, NARROWBAND, CLIPPED, QUIET, *_ = SegmentFlag
VOICE = speech_like(4, seed=21, pauses=()).samples
"""Nothing above 3.4 kHz, as `tests.support.media.speech` makes it."""
HISS = np.random.default_rng(21).normal(size=len(VOICE))


def loud(gain_db: float, sound: Samples = VOICE, hiss_db: float | None = -30) -> Samples:
    """`sound` louder by `gain_db`, clipped where it must be; the hiss is so far under the voice."""
    noise = 0.0 if hiss_db is None else HISS[: len(sound)] * sound.std() * 10 ** (hiss_db / 20)
    return np.clip(np.round((sound + noise) * 10 ** (gain_db / 20)), -32_768, 32_767).astype(np.int16)


def with_clicks(sound: Samples) -> Samples:
    """Two clicks a second, at full scale."""
    clicked = sound.copy()
    clicked[:: RATE // 2] = 32_767
    return clicked


@pytest.mark.parametrize(
    ("sound", "expected"),
    [
        (loud(0), ()),
        (loud(0)[:RATE], ()),
        (loud(0)[: RATE - 1], (TOO_SHORT,)),
        (loud(0, hiss_db=None), (NARROWBAND,)),
        (loud(-30, hiss_db=None), (NARROWBAND,)),
        (with_clicks(VOICE), (NARROWBAND,)),
        (with_clicks(loud(0)), ()),
        (loud(0, hiss_db=-35), ()),
        (loud(12), (CLIPPED,)),
        (np.clip(loud(12), -32_124, 32_124).astype(np.int16), (CLIPPED,)),
        (loud(-20), ()),
        (loud(-45), (QUIET,)),
        (loud(-45) + np.int16(5_000), (QUIET,)),
        (loud(12, VOICE[:9_000], hiss_db=None), (TOO_SHORT, NARROWBAND, CLIPPED)),
        (np.zeros(2 * RATE, np.int16), (QUIET,)),
        (np.zeros(0, np.int16), (TOO_SHORT, QUIET)),
        (np.full(1, -32_768, np.int16), (TOO_SHORT, CLIPPED, QUIET)),
    ],
)
def test_a_segment_carries_the_flags_of_its_sound(sound: Samples, expected: tuple[SegmentFlag, ...]) -> None:
    assert quality_flags(sound) == expected


@given(arrays(np.int16, st.integers(0, 3_000)))
def test_any_sound_can_be_judged(sound: Samples) -> None:
    flags = quality_flags(sound)
    assert TOO_SHORT in flags
    assert list(flags) == [flag for flag in SegmentFlag if flag in flags]
