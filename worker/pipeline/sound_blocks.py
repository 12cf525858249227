"""Decoded sound in blocks of ten seconds, without a constant offset."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from worker.pipeline.ports import Samples
from worker.pipeline.speech import HOP

BLOCK_STEPS = 1008
"""Steps analysed at once: ten seconds, over which the gate adapts; whole frames of 480 samples (30 ms) and of 512."""
BLOCK = BLOCK_STEPS * HOP
"""Samples."""
_LEAST_OFFSET = 16
"""-66 dBFS. A smaller offset is under every level that counts; the mean of ten seconds of clean speech is smaller."""


def whole_blocks(parts: Iterator[Samples]) -> Iterator[Samples]:
    """Divide sound [n, channels] anew into blocks of `BLOCK` samples; the last may be shorter.

    What is decided for a block then does not depend on how the decoder divides the sound.
    """
    waiting: list[Samples] = []
    length = 0
    for part in parts:
        waiting.append(part)
        length += len(part)
        if length >= BLOCK:
            sound = np.concatenate(waiting)
            whole = length // BLOCK * BLOCK
            yield from (sound[start : start + BLOCK] for start in range(0, whole, BLOCK))
            waiting, length = [sound[whole:]], length - whole
    if length:
        yield np.concatenate(waiting)


def without_offset(blocks: Iterator[Samples]) -> Iterator[Samples]:
    """Take the mean of each block [n, channels] off each of its channels; sound without an offset stays as it is.

    An offset, as cheap adapters add it, hides pauses, and makes channels look alike in which different people speak.
    """
    offset = None
    for block in blocks:
        if offset is None or len(block) == BLOCK:  # the mean of the short rest may be that of half a vowel
            sums = [int(channel.sum(dtype=np.int64)) for channel in block.T]  # fifteen times as fast as along the axis
            offset = np.array([_offset(total / len(block)) for total in sums], np.int32)
        yield np.clip(block - offset, -32_768, 32_767).astype(np.int16) if offset.any() else block


def _offset(mean: float) -> int:
    return 0 if abs(mean) < _LEAST_OFFSET else round(mean)
