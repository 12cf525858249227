"""Mix channels into one without losing a voice that cancels between them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from shared.domain.recording import SAMPLE_RATE
from worker.pipeline.ports import Floats, Samples
from worker.pipeline.speech import HOP

_FRAME = 21 * HOP
"""Samples compared at once: longer than a syllable, and a whole number of them is a block."""
_BAND_EDGES_HZ = (100, 250, 500, 800, 1200, 1800, 2600, 3800)
"""Two microphones in a room, some way apart, cancel in one or two bands of such widths; an inverted voice in all."""
_ACTIVE_DB = -50.0
"""A frame without such a level in a channel is silence."""
_ACTIVE_BAND_DB = -70.0
_CANCELS = -0.5
"""The balance of a band, 2 Re(LR*) / (LL* + RR*), below which it cancels: the mean of the channels then has less than
half of the power that it has for independent sounds."""
_LEAST_BANDS = 3
_EVIDENCE = ((2 / 3, 3), (1 / 2, 8))
"""Shares of the bands with sound, and frames of ten seconds in which so many must cancel: in recordings of a room
with delays up to 8 ms at most 1 and 6 frames do. A noise in both channels may hide half of the bands of a voice."""
_CANCELLED_SUM = 10 ** (-6 / 10)
"""The power of a sum of three or more channels, against the loudest, below which they cancel."""
_LEAST_CANCELLED = 3
"""Frames of ten seconds."""
_FRAME_FLOOR = 10 ** (_ACTIVE_DB / 10) * 32_768**2
_SWITCH_POWER = 10 ** (6 / 10)
"""The channel in use is left for the other one where that is louder by 6 dB: it may have a voice of its own."""
_FADE = HOP
"""Samples over which one channel is faded into the other."""


def mean_of_channels(block: Samples) -> Samples:
    """Compute the mean [n] of two channels [n, 2], rounded down."""
    left, right = block.T
    mean: Samples = (left & right) + ((left ^ right) >> 1)  # the sum itself would overflow 16 bits
    return mean


class ChannelMixer:
    """Mixes a recording of one or more channels, given in blocks, into one channel.

    The mix of two is the mean. From the first block on in which the channels cancel, as with a cable the wrong way
    round or one inverted voice, it is the louder channel instead. More channels are inputs, such as microphones: each
    has an equal share, and the mix the level of the loudest. `cancels` is True once channels that cancel were found.
    """

    def __init__(self) -> None:
        self.cancels = False
        self._weight: float | None = None  # of the left channel, at the end of the block before

    def mix(self, block: Samples) -> Samples:
        """Mix the next block [n, channels] into [n]."""
        if block.shape[1] == 1:
            return block[:, 0]
        if block.shape[1] > 2:
            return self._mix_inputs(block)
        if np.array_equal(block[:, 0], block[:, 1]):
            return mean_of_channels(block)
        frames = _FrameSpectra.from_block(block)
        self.cancels = self.cancels or _cancel(frames)
        if not self.cancels:
            return mean_of_channels(block)
        return self._louder(block, frames.powers.sum(axis=2))

    def _louder(self, block: Samples, powers: Floats) -> Samples:
        """Take the louder channel by its `powers` [2, frames]; changes of channel are faded."""
        before = self._weight
        weight = float(powers[0].sum() >= powers[1].sum()) if before is None else before
        weights = []
        for left, right in powers.T:
            if right > left * _SWITCH_POWER:
                weight = 0.0
            elif left > right * _SWITCH_POWER:
                weight = 1.0
            weights.append(weight)
        self._weight = weight
        starts = np.arange(len(weights)) * _FRAME
        earlier = [0.5 if before is None else before, *weights[:-1]]
        times = np.stack([starts, starts + _FADE], axis=1).ravel()
        gain = np.interp(np.arange(len(block)), times, np.stack([earlier, weights], axis=1).ravel())
        mixed: Samples = np.rint(block[:, 0] * gain + block[:, 1] * (1 - gain)).astype(np.int16)
        return mixed

    def _mix_inputs(self, block: Samples) -> Samples:
        """Sum three or more channels, with a gain that follows the loudest; where they cancel take that one alone."""
        sound = block.astype(np.float32)
        powers = np.stack([_frame_powers(channel) for channel in sound.T])
        loudest = powers.max(axis=0)
        summed = _frame_powers(sound.sum(axis=1))
        cancels = (summed < loudest * _CANCELLED_SUM) & (loudest > _FRAME_FLOOR)
        self.cancels = self.cancels or int(cancels.sum()) >= _LEAST_CANCELLED
        alone = np.arange(len(powers))[:, None] == powers.argmax(axis=0)
        weights = np.where(cancels, alone, np.sqrt(np.minimum(1, loudest / np.maximum(summed, 1))))
        middles = (np.arange(len(loudest)) + 0.5) * _FRAME
        times = np.arange(len(block))
        gained = (channel * np.interp(times, middles, weight) for channel, weight in zip(sound.T, weights, strict=True))
        mixed: Samples = np.rint(sum(gained)).clip(-32_768, 32_767).astype(np.int16)
        return mixed


class _FrameSpectra(NamedTuple):
    """By frame and band: the power of each channel `powers` [2, frames, bands], and their `shared` one, with a sign."""

    powers: Floats
    shared: Floats

    @classmethod
    def from_block(cls, block: Samples) -> _FrameSpectra:
        # Half of the samples will do: what is aliased cancels as it did before.
        halved = np.ascontiguousarray(block[::2].T, np.float32)
        padded = np.pad(halved, ((0, 0), (0, -halved.shape[1] % len(_WINDOW))))
        spectra = np.fft.rfft(padded.reshape(2, -1, len(_WINDOW)) * _WINDOW)
        left, right = spectra[:, :, _BINS[0] : _BINS[-1]]
        starts = np.array(_BINS[:-1]) - _BINS[0]
        products = (left.real**2 + left.imag**2, right.real**2 + right.imag**2)
        shared = left.real * right.real + left.imag * right.imag
        powers = np.stack([np.add.reduceat(product, starts, axis=1) for product in products])
        return cls(powers, np.add.reduceat(shared, starts, axis=1))


def _cancel(frames: _FrameSpectra) -> bool:
    """Tell whether the channels cancel in enough of the frames of a block."""
    louder = frames.powers.max(axis=0)
    active = louder > _power(_ACTIVE_BAND_DB)
    bands = (active & (2 * frames.shared < _CANCELS * frames.powers.sum(axis=0))).sum(axis=1)
    bands[(louder.sum(axis=1) < _power(_ACTIVE_DB)) | (bands < _LEAST_BANDS)] = 0
    share = bands / np.maximum(active.sum(axis=1), 1)
    return any(np.count_nonzero(share >= least) >= enough for least, enough in _EVIDENCE)


_WINDOW = np.hanning(_FRAME // 2 + 1)[:-1].astype(np.float32)
_BINS = tuple(edge * _FRAME // SAMPLE_RATE for edge in _BAND_EDGES_HZ)


def _frame_powers(channel: Floats) -> Floats:
    frames = np.pad(channel, (0, -len(channel) % _FRAME)).reshape(-1, _FRAME)
    powers: Floats = np.einsum("ij,ij->i", frames, frames) / _FRAME
    return powers


def _power(db: float) -> float:
    """The sum over the bins of a frame's spectrum for sound of this level in dBFS."""
    return float(10 ** (db / 10) * 32_768**2 * (_WINDOW**2).sum() * len(_WINDOW) / 2)
