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
_ALIVE = 100
"""Steps with sound in them, less of which in one channel tells nothing of who is there."""
_LISTEN_AT_MOST = 10 * 60 * SAMPLE_RATE
"""Samples held back at most for the decision (38 MB); a line that is silent for longer is taken as it is."""
_FLOOR_DB = -60.0
"""Levels under it are alike: digital silence on one side and faint noise on the other are both nobody."""
_TURN = 20
"""Steps over which levels are compared; shorter than a turn, longer than a syllable."""
_DIFFERENT_VOICES_DB = 24.0
"""How far the balance of the channels must swing. In one room it swings by some 10 dB; where people are in turn in one
channel and the other it swings by twice the height of their voice over the noise; a copied channel does not swing."""


def decide(blocks: Iterator[Samples]) -> tuple[ChannelMode, Iterator[Samples]]:
    """How to analyse a recording [n, channels], and all its blocks again, those listened to first."""
    heard: list[Samples] = []
    first_levels: list[Levels] = []
    for block in blocks:
        heard.append(block)
        if block.shape[1] == 1:
            return ChannelMode.MIX, chain(heard, blocks)
        first_levels.append(np.stack([levels(block[:, 0]), levels(block[:, 1])]))
        active = np.concatenate(first_levels, axis=1) > _ACTIVE_DB
        enough = active.any(axis=0).sum() >= _ENOUGH_ACTIVE and active.sum(axis=1).min() >= _ALIVE
        if enough or sum(map(len, heard)) >= _LISTEN_AT_MOST:
            break
    mode = _mode(np.concatenate(first_levels, axis=1)) if first_levels else ChannelMode.MIX
    return mode, chain(heard, blocks)


def _mode(both: Levels) -> ChannelMode:
    """`both` [2, steps] in dBFS."""
    active = both > _ACTIVE_DB
    if active.any() and active.sum(axis=1).min() < _ALIVE:
        return ChannelMode.SPLIT  # whoever speaks later in the silent channel is somebody else
    left, right = np.maximum(both[:, active.any(axis=0)], _FLOOR_DB)
    turns = len(left) // _TURN
    if not turns:
        return ChannelMode.MIX
    balance = (left - right)[: turns * _TURN].reshape(turns, _TURN).mean(axis=1)
    low, high = np.percentile(balance, [5, 95])
    return ChannelMode.SPLIT if high - low > _DIFFERENT_VOICES_DB else ChannelMode.MIX


def mix(block: Samples) -> Samples:
    """The mean of one or two channels [n, channels] as one channel [n], rounded down."""
    if block.shape[1] == 1:
        return block[:, 0]
    left, right = block.T
    mean: Samples = (left & right) + ((left ^ right) >> 1)  # which no sum of 16 bits overflows
    return mean
