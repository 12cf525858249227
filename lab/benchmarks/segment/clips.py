"""Clips to concatenate: one utterance each, with its spans of speech."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from shared.domain.recording import SAMPLE_RATE, from_ms
from worker.pipeline.ports import Floats, Samples
from worker.pipeline.speech import HOP, STEP_MS, close_gaps, levels, runs

Span = tuple[int, int]
"""Samples [start, end) at 16 kHz."""

SHORTEST_PAUSE_MS = 200
"""Shortest pause within a clip; shorter ones belong to the sounds of speech, as the closure before a p."""

_LOUD_PERCENTILE = 95
_VOICE_DB, _SOFT_DB = 20.0, 32.0
"""Lowest level of speech in dB under the loud parts of its clip: of a step by itself, and of a step near one."""
_NEAR = 15
"""Largest distance in steps of a soft sound of speech from a louder one; beyond are breath and the room."""
_SHORTEST_VOICE, _SHORTEST_SPAN = 3, 5
"""Shortest lengths in steps; anything shorter is a click."""
_EDGE = from_ms(50)
"""Samples on both sides that stay in the clip, faded, so that no soft beginning or end is cut off."""
_SUFFIXES = {".aac", ".flac", ".m4a", ".mp3", ".ogg", ".opus", ".wav"}
_SAMPLES = Path(__file__).parents[3] / "samples"


@dataclass(frozen=True, slots=True)
class Clip:
    """An utterance: `sound` [n] at 16 kHz with speech in its `spans`, whose RMS is 1, and pauses between them."""

    name: str
    sound: Floats
    spans: tuple[Span, ...]


def load_clips(folder: Path | None) -> list[Clip]:
    """Load a clip from each audio file in `folder`, by name, or from each phrase of the bundled call.

    Raises ValueError when there is no speech.
    """
    recordings = _call_phrases() if folder is None else _audio_files(folder)
    clips = [clip for name, sound in recordings if (clip := extract_clip(name, sound))]
    if not clips:
        raise ValueError(f"There are no audio files with speech in {folder}.")
    return clips


def extract_clip(name: str, sound: Samples) -> Clip | None:
    """Return the utterance in a recording [n] of one utterance; None if there is no sound."""
    spans = [(start * HOP, end * HOP) for start, end in speech_spans(sound)]
    if not spans:
        return None
    first, last = spans[0][0], spans[-1][1]
    padded = np.pad(sound.astype(np.float32), _EDGE)
    length = last - first + 2 * _EDGE
    to_edge = np.minimum(np.arange(length), np.arange(length)[::-1])
    fade: Floats = np.minimum(to_edge / _EDGE, 1).astype(np.float32)
    faded = padded[first : last + 2 * _EDGE] * fade
    moved = tuple((start - first + _EDGE, end - first + _EDGE) for start, end in spans)
    speech = np.concatenate([faded[start:end] for start, end in moved])
    return Clip(name, faded / np.sqrt(np.mean(speech**2)), moved)


def speech_spans(sound: Samples) -> list[Span]:
    """Return the spans of speech in steps of 10 ms."""
    level = levels(sound)
    if not level.size or not sound.any():
        return []
    loud = np.percentile(level, _LOUD_PERCENTILE)
    near = np.zeros(len(level), np.bool_)
    for start, end in _at_least(_SHORTEST_VOICE, runs(level > loud - _VOICE_DB)):
        near[max(0, start - _NEAR) : end + _NEAR] = True
    speech = runs(near & (level > loud - _SOFT_DB))
    return _at_least(_SHORTEST_SPAN, close_gaps(speech, SHORTEST_PAUSE_MS // STEP_MS))


def _at_least(steps: int, stretches: list[Span]) -> list[Span]:
    return [(start, end) for start, end in stretches if end - start >= steps]


def _audio_files(folder: Path) -> Iterator[tuple[str, Samples]]:
    for file in sorted(folder.iterdir()):
        if file.suffix.lower() in _SUFFIXES:
            yield file.name, decode_file(file, "mono")[0]


def _call_phrases() -> Iterator[tuple[str, Samples]]:
    call = decode_file(_SAMPLES / "call.opus", "stereo")
    turns = json.loads((_SAMPLES / "call.json").read_text(encoding="utf-8"))["turns"]
    for turn in turns:
        for phrase in turn["phrases"]:
            start, end = from_ms(phrase["start_ms"]) - _EDGE, from_ms(phrase["end_ms"]) + _EDGE
            yield phrase["text"], call[turn["channel"], start:end]


def decode_file(file: Path, layout: str) -> NDArray[np.int16]:
    """Decode a file to [channels, n] at 16 kHz."""
    resampler = av.AudioResampler(format="s16p", layout=layout, rate=SAMPLE_RATE)
    with av.open(str(file)) as container:
        frames = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray() for frame in [*frames, *resampler.resample(None)]], axis=1)
