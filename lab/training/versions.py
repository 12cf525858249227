"""Seeded versions of clips: the same at every call and for every set of clips."""

from collections.abc import Sequence

import numpy as np

from lab.training.augment import distort, vary
from lab.training.dataset import Clip, Waveform

SEED = 0


def varied(clips: Sequence[Clip], count: int) -> list[Waveform]:
    """Return `count` similar versions of each clip, the clips themselves first."""
    versions = (vary(clip.waveform, _generator(clip, number)) for clip in clips for number in range(1, count))
    return [*(clip.waveform for clip in clips), *versions]


def distorted(clip: Clip, number: int) -> Waveform:
    """Return a distorted version of a clip; number 0 is the clip itself."""
    return distort(clip.waveform, _generator(clip, number)) if number else clip.waveform


def _generator(clip: Clip, number: int) -> np.random.Generator:
    return np.random.default_rng([SEED, number, clip.number])
