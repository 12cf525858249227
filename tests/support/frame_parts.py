"""Segments with the logits of their frames."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import strategies as st

from shared.domain.segment import Segment
from shared.frame_scores import Floats

LABELS = ("happy", "sad")
Part = tuple[Segment, Floats]


def part(index: int, start_ms: float, logits: list[list[float]], channel: int = 0) -> Part:
    """A segment that is as long as its frames need; the model needs 400 samples for the last of them."""
    start = round(16 * start_ms)
    length = 320 * len(logits) + 80
    return Segment(index, channel, start, start + length, length), np.array(logits, np.float32)


def odds(*happy_to_sad: float) -> list[list[float]]:
    """Logits of frames by their odds: 3 is 75 % happy."""
    return [[math.log(value), 0.0] for value in happy_to_sad]


@st.composite
def recordings(draw: st.DrawFn) -> list[Part]:
    """Segments of two channels in order of start, none over another of its channel; some hundred at times."""
    count = draw(st.integers(0, 12)) + draw(st.sampled_from([0, 130]))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    free, parts = [0, 0], []
    for _ in range(count):
        channel, frames = int(random.integers(2)), int(random.integers(1, 12))
        start = free[channel] + int(random.choice([0, 1, 100, 5000]))
        free[channel] = start + 320 * frames + 80 + int(random.integers(320))
        segment = Segment(0, channel, start, free[channel], 0)
        parts.append((segment, random.normal(scale=5, size=(frames, 2)).astype(np.float32)))
    parts.sort(key=lambda part: part[0].start)
    return [
        (Segment(index, segment.channel, segment.start, segment.end, segment.speech), logits)
        for index, (segment, logits) in enumerate(parts)
    ]
