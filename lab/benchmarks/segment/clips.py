"""Clips to string together: one utterance each, and where in it somebody speaks."""

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
"""Of a clip's own pauses; what is shorter belongs to the sounds of speech, as the closure before a p."""

_LOUD_PERCENTILE = 95
_VOICE_DB, _SOFT_DB = 20.0, 32.0
"""How far under the loud parts of its clip a step may lie and still be speech: by itself, or near such a step."""
_NEAR = 15
"""Steps. A soft sound of speech is this near to a louder one; what lasts longer is breath, or the room."""
_SHORTEST_VOICE, _SHORTEST_SPAN = 3, 5
"""Steps. Less is a click."""
_EDGE = from_ms(50)
"""Samples kept on both sides, faded, so that no soft beginning or end is chopped off."""
_SUFFIXES = {".aac", ".flac", ".m4a", ".mp3", ".ogg", ".opus", ".wav"}
_SAMPLES = Path(__file__).parents[3] / "samples"


@dataclass(frozen=True, slots=True)
class Clip:
    """`sound` [n] at 16 kHz with speech in its `spans`, whose RMS is 1. Between two of them is a pause of its own."""

    name: str
    sound: Floats
    spans: tuple[Span, ...]


def load_clips(folder: Path | None) -> list[Clip]:
    """Of each audio file in `folder`, by name, or of each phrase of the bundled call.

    Raises ValueError when there is no speech.
    """
    recordings = _of_call() if folder is None else _of_folder(folder)
    clips = [clip for name, sound in recordings if (clip := clip_of(name, sound))]
    if not clips:
        raise ValueError(f"There are no audio files with speech in {folder}.")
    return clips


def clip_of(name: str, sound: Samples) -> Clip | None:
    """The utterance in a recording [n] of it on its own; none if there is no sound."""
    spans = [(start * HOP, end * HOP) for start, end in _speech(sound)]
    if not spans:
        return None
    first, last = spans[0][0], spans[-1][1]
    padded = np.pad(sound.astype(np.float32), _EDGE)
    kept = padded[first : last + 2 * _EDGE] * _fade(last - first + 2 * _EDGE)
    moved = tuple((start - first + _EDGE, end - first + _EDGE) for start, end in spans)
    spoken = np.concatenate([kept[start:end] for start, end in moved])
    return Clip(name, kept / np.sqrt(np.mean(spoken**2)), moved)


def _speech(sound: Samples) -> list[Span]:
    """In steps of 10 ms."""
    level = levels(sound)
    if not level.size or not sound.any():
        return []
    loud = np.percentile(level, _LOUD_PERCENTILE)
    near = np.zeros(len(level), np.bool_)
    for start, end in _at_least(_SHORTEST_VOICE, runs(level > loud - _VOICE_DB)):
        near[max(0, start - _NEAR) : end + _NEAR] = True
    spoken = runs(near & (level > loud - _SOFT_DB))
    return _at_least(_SHORTEST_SPAN, close_gaps(spoken, SHORTEST_PAUSE_MS // STEP_MS))


def _at_least(steps: int, stretches: list[Span]) -> list[Span]:
    return [(start, end) for start, end in stretches if end - start >= steps]


def _fade(length: int) -> Floats:
    to_edge = np.minimum(np.arange(length), np.arange(length)[::-1])
    faded: Floats = np.minimum(to_edge / _EDGE, 1).astype(np.float32)
    return faded


def _of_folder(folder: Path) -> Iterator[tuple[str, Samples]]:
    for file in sorted(folder.iterdir()):
        if file.suffix.lower() in _SUFFIXES:
            yield file.name, _decoded(file, "mono")[0]


def _of_call() -> Iterator[tuple[str, Samples]]:
    call = _decoded(_SAMPLES / "call.opus", "stereo")
    turns = json.loads((_SAMPLES / "call.json").read_text(encoding="utf-8"))["turns"]
    for turn in turns:
        for phrase in turn["phrases"]:
            start, end = from_ms(phrase["start_ms"]) - _EDGE, from_ms(phrase["end_ms"]) + _EDGE
            yield phrase["text"], call[turn["channel"], start:end]


def _decoded(file: Path, layout: str) -> NDArray[np.int16]:
    """[channels, n] at 16 kHz."""
    resampler = av.AudioResampler(format="s16p", layout=layout, rate=SAMPLE_RATE)
    with av.open(str(file)) as container:
        frames = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray() for frame in [*frames, *resampler.resample(None)]], axis=1)
