"""Each clip as it is and in augmented versions, the same at every call and for every set of clips."""

from collections.abc import Sequence

import numpy as np

from lab.training.augment import distort, vary
from lab.training.dataset import Clip, Waveform

SEED = 0


def varied(clips: Sequence[Clip], count: int) -> list[Waveform]:
    """`count` versions of each clip that sound much like it, the clips themselves first."""
    changed = (vary(clip.waveform, _generator(clip, number)) for clip in clips for number in range(1, count))
    return [*(clip.waveform for clip in clips), *changed]


def distorted(clip: Clip, number: int) -> Waveform:
    """The clip's version 0, which is the clip itself, or one of any number of distorted ones."""
    return distort(clip.waveform, _generator(clip, number)) if number else clip.waveform


def _generator(clip: Clip, number: int) -> np.random.Generator:
    return np.random.default_rng([SEED, number, clip.number])
