"""Other ways to cut a recording, each as its users run it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import auditok

from lab.benchmarks.segment.clips import Span
from lab.benchmarks.segment.ours import Segmented
from shared.domain.options import MAX_SEGMENT_MS
from shared.domain.recording import SAMPLE_RATE, from_ms

with warnings.catch_warnings():
    # That Python dropped audioop, which audioop-lts gives back, and that ffmpeg is missing, which no WAV needs.
    warnings.filterwarnings("ignore", module=".*pydub")
    from pydub import AudioSegment  # type: ignore[import-untyped]
    from pydub.silence import split_on_silence  # type: ignore[import-untyped]

LONGEST = from_ms(MAX_SEGMENT_MS)
PYDUB_OPTIONS: dict[str, Any] = {"min_silence_len": 300, "silence_thresh": -40}
"""Milliseconds and dBFS, as the articles on long recordings have them."""
AUDITOK_OPTIONS: dict[str, Any] = {
    "min_dur": 0.2,
    "max_dur": MAX_SEGMENT_MS / 1000,
    "max_silence": 0.3,
    "energy_threshold": 50,
}
"""Seconds, and a level that is -40 dBFS; its own defaults but for the longest segment."""

_SAMPLE_BYTES = 2


def pydub_segments(wav: Path) -> list[Span]:
    """By pydub's `split_on_silence`, which does not say where it cut: each chunk is looked up in the sound."""
    with wav.open("rb") as file:
        sound = AudioSegment.from_wav(file)
    segments: list[Span] = []
    for chunk in split_on_silence(sound, **PYDUB_OPTIONS):
        # Line noise is never the same twice, so that it is found where it was taken from.
        start = sound.raw_data.find(chunk.raw_data, segments[-1][1] * _SAMPLE_BYTES if segments else 0) // _SAMPLE_BYTES
        segments.append((start, start + len(chunk.raw_data) // _SAMPLE_BYTES))
    return segments


def auditok_segments(wav: Path) -> list[Span]:
    """By auditok's `split`, which reads the file as it goes."""
    events = auditok.split(wav, large_file=True, **AUDITOK_OPTIONS)
    starts = ((round((event.start or 0) * SAMPLE_RATE), len(event)) for event in events)
    return [(start, start + length) for start, length in starts]


def grid(duration: int) -> list[Span]:
    """Every 25 s, whatever is there."""
    return [(start, min(start + LONGEST, duration)) for start in range(0, duration, LONGEST)]


def greedy(ours: Segmented) -> list[Span]:
    """The speech that ours found, but cut at the last pause that comes before 25 s are full, or there if none does."""
    pauses = [(end + start) // 2 for (_, end), (start, _) in pairwise(ours.speech)]
    cut: list[Span] = []
    for start, end in _touching_joined(ours.segments):
        while end - start > LONGEST:
            at = max((pause for pause in pauses if start < pause <= start + LONGEST), default=start + LONGEST)
            cut.append((start, at))
            start = at
        cut.append((start, end))
    return cut


def _touching_joined(segments: Sequence[Span]) -> list[Span]:
    joined: list[Span] = []
    for start, end in segments:
        if joined and joined[-1][1] == start:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined
