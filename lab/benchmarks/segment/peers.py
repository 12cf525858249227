"""Other segmenters, each with the options that its users have."""

from __future__ import annotations

import warnings
from itertools import pairwise
from pathlib import Path
from typing import Any

import auditok

from lab.benchmarks.segment.clips import Span
from lab.benchmarks.segment.segmentation import Segmented
from shared.domain.options import MAX_SEGMENT_MS
from shared.domain.recording import SAMPLE_RATE, from_ms

with warnings.catch_warnings():
    # pydub warns that Python dropped audioop, which audioop-lts replaces, and that ffmpeg is missing: no WAV needs it.
    warnings.filterwarnings("ignore", module=".*pydub")
    from pydub import AudioSegment  # type: ignore[import-untyped]
    from pydub.silence import split_on_silence  # type: ignore[import-untyped]

LONGEST = from_ms(MAX_SEGMENT_MS)
PYDUB_OPTIONS: dict[str, Any] = {"min_silence_len": 300, "silence_thresh": -40}
"""Milliseconds and dBFS, as common in articles on long recordings."""
AUDITOK_OPTIONS: dict[str, Any] = {
    "min_dur": 0.2,
    "max_dur": MAX_SEGMENT_MS / 1000,
    "max_silence": 0.3,
    "energy_threshold": 50,
}
"""Seconds, and a level of -40 dBFS; auditok's defaults except for the longest segment."""

_SAMPLE_BYTES = 2


def pydub_segments(wav: Path) -> list[Span]:
    """Cut with pydub's `split_on_silence`. It returns no positions, so each chunk is looked up in the sound."""
    with wav.open("rb") as file:
        sound = AudioSegment.from_wav(file)
    segments: list[Span] = []
    for chunk in split_on_silence(sound, **PYDUB_OPTIONS):
        # The line noise makes every chunk unique.
        start = sound.raw_data.find(chunk.raw_data, segments[-1][1] * _SAMPLE_BYTES if segments else 0) // _SAMPLE_BYTES
        segments.append((start, start + len(chunk.raw_data) // _SAMPLE_BYTES))
    return segments


def auditok_segments(wav: Path) -> list[Span]:
    """Cut with auditok's `split`, which reads the file block by block."""
    events = auditok.split(wav, large_file=True, **AUDITOK_OPTIONS)
    starts = ((round((event.start or 0) * SAMPLE_RATE), len(event)) for event in events)
    return [(start, start + length) for start, length in starts]


def grid(duration: int) -> list[Span]:
    """Cut every 25 s, regardless of the sound."""
    return [(start, min(start + LONGEST, duration)) for start in range(0, duration, LONGEST)]


def greedy(ours: Segmented) -> list[Span]:
    """Cut our speech at the last pause within 25 s, or at 25 s where there is none."""
    pauses = [(end + start) // 2 for (_, end), (start, _) in pairwise(ours.speech)]
    joined: list[Span] = []
    for start, end in ours.segments:
        if joined and joined[-1][1] == start:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    cut: list[Span] = []
    for start, end in joined:
        while end - start > LONGEST:
            at = max((pause for pause in pauses if start < pause <= start + LONGEST), default=start + LONGEST)
            cut.append((start, at))
            start = at
        cut.append((start, end))
    return cut
