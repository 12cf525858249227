"""Each clip as it is and in augmented versions, the same at every call and for every set of clips."""

from collections.abc import Sequence

import numpy as np

from training.augment import augment
from training.dataset import Clip, Waveform

SEED = 0


def version(clip: Clip, number: int) -> Waveform:
    """The clip's version 0, which is the clip itself, or one of any number of augmented ones."""
    if number == 0:
        return clip.waveform
    return augment(clip.waveform, np.random.default_rng([SEED, number, clip.number]))


def versions(clips: Sequence[Clip], count: int) -> list[Waveform]:
    """`count` versions of each clip, the clips themselves first."""
    augmented = (version(clip, number) for clip in clips for number in range(1, count))
    return [*(clip.waveform for clip in clips), *augmented]
