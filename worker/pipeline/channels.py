"""Whether the two channels of a recording carry different voices, as those of a telephone call do."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import numpy as np

from shared.domain.recording import SAMPLE_RATE, ChannelMode
from worker.pipeline.ports import Samples
from worker.pipeline.speech import Levels, levels

_ACTIVE_DB = -50.0
_ENOUGH_ACTIVE = 60 * 100
"""Steps of 10 ms with sound in them after which one can tell: a minute of talk holds several turns."""
_LISTEN_AT_MOST = 10 * 60 * SAMPLE_RATE
"""Samples held back at most for the decision (38 MB); a line that is silent for longer is taken as it is."""
_SAME_VOICES = 0.5
"""Correlation of the channels' levels: near 1 for one room or a copied channel, near or under 0 for people in turn."""


def decide(blocks: Iterator[Samples]) -> tuple[ChannelMode, Iterator[Samples]]:
    """How to analyse a recording [n, channels], and all its blocks again, those listened to first."""
    heard: list[Samples] = []
    first_levels: list[Levels] = []
    for block in blocks:
        heard.append(block)
        if block.shape[1] == 1:
            return ChannelMode.MIX, chain(heard, blocks)
        first_levels.append(np.stack([levels(block[:, 0]), levels(block[:, 1])]))
        both = np.concatenate(first_levels, axis=1)
        active = (both > _ACTIVE_DB).any(axis=0)
        if active.sum() >= _ENOUGH_ACTIVE or sum(map(len, heard)) >= _LISTEN_AT_MOST:
            break
    mode = _mode(np.concatenate(first_levels, axis=1)) if first_levels else ChannelMode.MIX
    return mode, chain(heard, blocks)


def _mode(both: Levels) -> ChannelMode:
    """`both` [2, steps] in dBFS."""
    active = (both > _ACTIVE_DB).any(axis=0)
    if not active.any():
        return ChannelMode.MIX
    left, right = np.maximum(both[:, active], _ACTIVE_DB - 20)
    if np.array_equal(left, right):
        return ChannelMode.MIX
    if min(left.std(), right.std()) < 1e-3:  # one channel is dead, and tells nothing of the other
        return ChannelMode.SPLIT
    alike = np.corrcoef(left, right)[0, 1] >= _SAME_VOICES
    return ChannelMode.MIX if alike else ChannelMode.SPLIT


def mix(block: Samples) -> Samples:
    """The mean of the channels [n, channels] as one channel [n]."""
    if block.shape[1] == 1:
        return block[:, 0]
    mean: Samples = (block.astype(np.int32).sum(axis=1) // block.shape[1]).astype(np.int16)
    return mean
