"""Detect whether the two channels of a recording carry different speakers, as in a telephone call."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import numpy as np

from shared.domain.options import MOST_APART
from shared.domain.recording import SAMPLE_RATE, ChannelMode
from worker.pipeline.ports import Samples
from worker.pipeline.speech import Levels, levels

_ACTIVE_DB = -50.0
_ENOUGH_ACTIVE = 60 * 100
"""Steps of 10 ms with sound that are enough for the decision: a minute of talk holds several turns."""
_MIN_ACTIVE = 100
"""Steps with sound below which a channel counts as silent."""
_MAX_SAMPLES = 10 * 60 * SAMPLE_RATE
"""The most samples held back for the decision (38 MB); after so long a silence the decision is made without more."""
_FLOOR_DB = -60.0
"""Lower levels count as this one: neither digital silence nor faint noise is a speaker."""
_TURN = 20
"""Steps over which levels are compared: shorter than a turn, longer than a syllable."""
_DIFFERENT_SPEAKERS_DB = 20.0
"""The least swing of the balance between the channels of different speakers. In one room it swings by some 10 dB, with
a speaker in each channel by twice their level over the noise or over their leak, with a copied channel not at all."""


def detect_channel_mode(blocks: Iterator[Samples]) -> tuple[ChannelMode, Iterator[Samples]]:
    """Decide whether to split or mix the channels of a recording given in blocks [n, channels] at 16 kHz.

    Two channels are split if one of them is silent, or if their levels rise and fall in turn. Returns the mode, and an
    iterator over all blocks from the first on.
    """
    first_blocks: list[Samples] = []
    first_levels: list[Levels] = []
    for block in blocks:
        first_blocks.append(block)
        if block.shape[1] != MOST_APART:
            return ChannelMode.MIX, chain(first_blocks, blocks)
        first_levels.append(np.stack([levels(block[:, 0]), levels(block[:, 1])]))
        active = np.concatenate(first_levels, axis=1) > _ACTIVE_DB
        enough = active.any(axis=0).sum() >= _ENOUGH_ACTIVE and active.sum(axis=1).min() >= _MIN_ACTIVE
        if enough or sum(map(len, first_blocks)) >= _MAX_SAMPLES:
            break
    mode = _mode_from_levels(np.concatenate(first_levels, axis=1)) if first_levels else ChannelMode.MIX
    return mode, chain(first_blocks, blocks)


def _mode_from_levels(level: Levels) -> ChannelMode:
    """Decide by the levels [2, steps] in dBFS."""
    active = level > _ACTIVE_DB
    if active.any() and active.sum(axis=1).min() < _MIN_ACTIVE:
        return ChannelMode.SPLIT  # a voice that comes later in the silent channel belongs to another speaker
    left, right = np.maximum(level[:, active.any(axis=0)], _FLOOR_DB)
    turns = len(left) // _TURN
    if not turns:
        return ChannelMode.MIX
    balance = (left - right)[: turns * _TURN].reshape(turns, _TURN).mean(axis=1)
    low, high = np.percentile(balance, [5, 95])
    return ChannelMode.SPLIT if high - low > _DIFFERENT_SPEAKERS_DB else ChannelMode.MIX
