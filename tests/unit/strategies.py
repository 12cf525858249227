"""Strategies of the property tests: all valid options, and sound that is loud, quiet and silent in turn."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import get_args

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared.domain.options import MAX_SEGMENT_MS, SegmentationOptions, VoiceDetectorName
from shared.domain.recording import SAMPLE_RATE, from_ms
from worker.pipeline.ports import Samples, VoiceDetectors

VOICE_LEVEL = 3
"""The level above which `LoudIsVoice` detects voice; the softest sound is far below every gate."""
LEVELS = (0, 2, 10, 60, 300, 3_000, 20_000)
"""Amplitudes from silence to -4 dBFS. 10 is voice under every gate, 60 (-55 dBFS) under some."""


class LoudIsVoice:
    """`worker.pipeline.ports.VoiceDetector` that hears voice wherever a frame is not all but silent."""

    takes_any_sound = False

    def __init__(self, frame: int = 480) -> None:
        self.frame = frame

    def voiced(self, samples: Samples) -> NDArray[np.bool_]:
        return np.asarray(np.abs(samples.reshape(-1, self.frame)).max(axis=1) > VOICE_LEVEL)


DETECTORS: VoiceDetectors = {"webrtc": lambda: LoudIsVoice(480), "silero": lambda: LoudIsVoice(512)}
"""`worker.pipeline.ports.VoiceDetectors`, with frames as long as those of the real ones."""


@st.composite
def segmentation_options(draw: st.DrawFn) -> SegmentationOptions:
    """Any that are allowed, with the limits themselves more often."""
    max_ms = draw(st.integers(3_000, MAX_SEGMENT_MS))
    min_silence_ms = draw(st.integers(100, 800))
    max_silence_ms = draw(st.integers(max(200, min_silence_ms), 2_000))
    return SegmentationOptions(
        max_ms=max_ms,
        min_ms=draw(st.integers(500, min(12_000, max_ms))),
        min_silence_ms=min_silence_ms,
        preferred_silence_ms=draw(st.integers(100, 2_000)),
        max_silence_ms=max_silence_ms,
        margin_ms=draw(st.integers(0, min(400, max_silence_ms // 2))),
        silence_db=draw(st.floats(-60, -20)),
        strict=draw(st.booleans()),
        vad=draw(st.sampled_from(get_args(VoiceDetectorName))),
    )


def sounds(most_parts: int = 10, longest_ms: int = 20_000, hertz: int = 500) -> st.SearchStrategy[Samples]:
    """int16 [n]: parts of one level each, short ones as often as long ones."""
    part = st.tuples(st.sampled_from(LEVELS), st.one_of(st.integers(1, 2_500), st.integers(1, longest_ms)))
    return st.lists(part, max_size=most_parts).map(partial(_rendered, hertz))


def _rendered(hertz: int, parts: Sequence[tuple[int, int]]) -> Samples:
    """A tone of whole periods in 10 ms, so that every step has the level of its part."""
    size = sum(from_ms(length) for _, length in parts)
    tone = np.sin(2 * np.pi * hertz / SAMPLE_RATE * (np.arange(size) + 0.5))
    amplitude = np.repeat([level for level, _ in parts], [from_ms(length) for _, length in parts])
    sound: Samples = np.round(tone * amplitude).astype(np.int16)
    return sound


def _in_two_channels(first: Samples, right: Samples) -> Samples:
    sound = np.zeros((max(len(first), len(right)), 2), np.int16)
    sound[: len(first), 0] = first
    sound[: len(right), 1] = right
    return sound


two_channels = st.builds(_in_two_channels, sounds(6), sounds(6, hertz=700))
"""int16 [n, 2]: two voices that have nothing to do with each other, so of different pitch."""


def divided(sound: Samples, sizes: Sequence[int]) -> list[Samples]:
    """The same sound [n] or [n, channels] in parts of these sizes, over and over; of 0 samples too."""
    if not any(sizes):
        return [sound]
    bounds = [0]
    while bounds[-1] < len(sound):
        bounds += (bounds[-1] + np.cumsum(sizes)).tolist()
    return np.split(sound, [bound for bound in bounds[1:] if bound < len(sound)])


divisions = st.lists(st.one_of(st.integers(0, 300), st.integers(0, 400_000)), min_size=1, max_size=5).filter(
    lambda sizes: sum(sizes) > 2_000  # smaller parts are no other case, but take long
)
