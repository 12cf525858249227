"""A long recording with known speech: concatenated clips in stretches under different conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import count, cycle
from math import ceil

import numpy as np

from lab.benchmarks.segment import backgrounds
from lab.benchmarks.segment.clips import Clip, Span
from shared.domain.recording import SAMPLE_RATE
from worker.pipeline.ports import Floats, Samples

_SEED = 0
_STRETCH_S = 150.0
_LEAD_S = 1.0
"""Seconds without speech at both ends of a stretch."""
_FLOOR_DB = -70.0
_BACKGROUND_DB = -38.0
_FULL_SCALE = 32768


class Condition(StrEnum):
    """The difficulty of a stretch. Levels in dBFS are the RMS of the spans of speech."""

    CLEAN = "clean"
    """Speech at -23 dBFS, nothing else over -70; pauses of 0.25 to 3 s, half of them under 0.8 s."""
    NOISE = "noise"
    """Clean, with pink noise 15 dB under the speech."""
    MUSIC = "music"
    """Clean, with music 15 dB under the speech, in the pauses too."""
    QUIET = "quiet"
    """Clean, with speech at -45 dBFS."""
    NO_PAUSE = "no_pause"
    """30 to 120 ms between utterances: less than any pause."""
    FAST_TURNS = "fast_turns"
    """200 to 350 ms between utterances."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """A clip's place in the recording: spans of speech, with pauses of 200 ms or more between them.

    `clip` is the name of the clip.
    """

    clip: str
    condition: Condition
    spans: tuple[Span, ...]

    @property
    def start(self) -> int:
        """First sample of speech."""
        return self.spans[0][0]

    @property
    def end(self) -> int:
        """Sample after the last one of speech."""
        return self.spans[-1][1]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Samples [start, end) of a recording under one condition; no utterance lies across its ends."""

    condition: Condition
    start: int
    end: int
    utterances: tuple[Utterance, ...]


@dataclass(frozen=True, slots=True)
class Truth:
    """The stretches of a recording, from its start to its end without gaps."""

    stretches: tuple[Stretch, ...]

    @property
    def utterances(self) -> list[Utterance]:
        """Utterances of all stretches."""
        return [utterance for stretch in self.stretches for utterance in stretch.utterances]

    @property
    def duration(self) -> int:
        """Length in samples."""
        return self.stretches[-1].end


_Pauses = Callable[[np.random.Generator], float]
"""A function that draws the seconds until the next utterance."""

_Background = Callable[[int, np.random.Generator], Floats]


@dataclass(frozen=True, slots=True)
class _Recipe:
    pauses: _Pauses
    speech_db: float = -23.0
    background: _Background | None = None


def _conversation(rng: np.random.Generator) -> float:
    return float(np.clip(rng.lognormal(np.log(0.8), 0.6), 0.25, 3.0))


_RECIPES = {
    Condition.CLEAN: _Recipe(_conversation),
    Condition.NOISE: _Recipe(_conversation, background=backgrounds.noise),
    Condition.MUSIC: _Recipe(_conversation, background=backgrounds.music),
    Condition.QUIET: _Recipe(_conversation, speech_db=-45.0),
    Condition.NO_PAUSE: _Recipe(lambda rng: rng.uniform(0.03, 0.12)),
    Condition.FAST_TURNS: _Recipe(lambda rng: rng.uniform(0.2, 0.35)),
}


def stretches(clips: Sequence[Clip], seconds: float) -> Iterator[tuple[Stretch, Samples]]:
    """Yield stretches with their sound [n], `seconds` in all; the same clips give the same stretches every time.

    The conditions alternate every two and a half minutes, or every sixth of a recording of less than 15 minutes.
    """
    rng = np.random.default_rng(_SEED)
    deck = (clips[index] for _ in count() for index in rng.permutation(len(clips)))
    start, total = 0, round(seconds * SAMPLE_RATE)
    longest = ceil(min(_STRETCH_S, seconds / len(Condition)) * SAMPLE_RATE)
    for condition in cycle(Condition):
        length = min(longest, total - start)
        if length <= 0:
            return
        yield _stretch(condition, start, length, deck, rng)
        start += length


def _stretch(
    condition: Condition, start: int, length: int, deck: Iterator[Clip], rng: np.random.Generator
) -> tuple[Stretch, Samples]:
    recipe = _RECIPES[condition]
    sound = _gain(_FLOOR_DB) * backgrounds.hiss(length, rng)
    if recipe.background:
        sound += _gain(_BACKGROUND_DB) * recipe.background(length, rng)
    utterances = []
    for clip, at in _placed(recipe.pauses, length, deck, rng):
        sound[at : at + len(clip.sound)] += _gain(recipe.speech_db) * clip.sound
        spans = tuple((start + at + first, start + at + last) for first, last in clip.spans)
        utterances.append(Utterance(clip.name, condition, spans))
    pcm = np.clip(np.round(sound * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1).astype(np.int16)
    return Stretch(condition, start, start + length, tuple(utterances)), pcm


def _placed(pauses: _Pauses, length: int, deck: Iterator[Clip], rng: np.random.Generator) -> Iterator[tuple[Clip, int]]:
    """Yield clips and the start of their sound in samples, until one does not fit."""
    lead = round(_LEAD_S * SAMPLE_RATE)
    at = lead
    for clip in deck:
        sound = at - clip.spans[0][0]
        if sound + len(clip.sound) > length - lead:
            return
        yield clip, sound
        at = sound + clip.spans[-1][1] + round(pauses(rng) * SAMPLE_RATE)


def _gain(level_db: float) -> np.float32:
    return np.float32(10 ** (level_db / 20))
