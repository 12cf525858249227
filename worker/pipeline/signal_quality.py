"""Flag segments whose sound makes their scores less reliable: short, narrowband, clipped or quiet ones.

The limits were measured: docs/flags.md.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared.domain.recording import SAMPLE_RATE
from shared.domain.segment import SegmentFlag
from worker.pipeline.ports import Samples

_SHORTEST = SAMPLE_RATE
"""Samples: one second."""
_FULL_SCALE = 32_000
"""Not 32,767: the loudest sample of G.711 mu-law is 32,124."""
_CLIPPED_SHARE = 1e-3
_QUIET_RMS = 32_768 * 10 ** (-50 / 20)
"""-50 dBFS: at this level the variance of a segment is as small as the epsilon (1e-5) of the model's layer norm, which
evens out levels; below it the model's input is quieter too."""

_FRAME = 512
"""Samples per spectrum: 32 ms."""
_WINDOW = np.hanning(_FRAME + 1)[:-1].astype(np.float32)
_BLOCK = 64
"""Frames analysed at once: with data that stays in the processor's cache, five times as fast."""
_NARROWBAND_RATIO = 10 ** (-40 / 10)
_FRICATIVES_SHARE = 0.1
"""Share of all frames. In wideband speech more frames than this have sound above 4 kHz; of clicks, fewer have."""


def quality_flags(samples: Samples) -> tuple[SegmentFlag, ...]:
    """The flags of a segment with the sound [n] at 16 kHz, in the order of `SegmentFlag`."""
    clipped = np.count_nonzero(_at_full_scale(samples)) > _CLIPPED_SHARE * len(samples)
    applies = {
        SegmentFlag.TOO_SHORT: len(samples) < _SHORTEST,
        SegmentFlag.NARROWBAND: _is_narrowband(samples),
        SegmentFlag.CLIPPED: bool(clipped),
        SegmentFlag.QUIET: not samples.size or bool(samples.std(dtype=np.float32) < _QUIET_RMS),
    }
    return tuple(flag for flag in applies if applies[flag])


def _is_narrowband(samples: Samples) -> bool:
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)
    # Clipping, often by the overshoot of our own resampling, spreads a telephone's sound over the whole band.
    frames = frames[~_at_full_scale(frames).any(axis=1)]
    if not len(frames):
        return False
    blocks = [_band_powers(frames[start : start + _BLOCK]) for start in range(0, len(frames), _BLOCK)]
    telephone, above = np.concatenate(blocks, axis=1)
    # Digital silence has no power in either band, and is not narrowband.
    return bool(np.mean(above >= _NARROWBAND_RATIO * telephone.mean()) < _FRICATIVES_SHARE)


def _at_full_scale(samples: Samples) -> NDArray[np.bool_]:
    return (samples >= _FULL_SCALE) | (samples <= -_FULL_SCALE)


def _bins(low_hz: int, high_hz: int) -> slice:
    """The place of a band in a spectrum, two numbers for each bin."""
    return slice(2 * (low_hz * _FRAME // SAMPLE_RATE), 2 * (high_hz * _FRAME // SAMPLE_RATE))


_TELEPHONE = _bins(300, 3400)
"""The telephone band of ITU-T G.712."""
_ABOVE = _bins(4750, 7750)
"""Clear of resampling on both sides: images of sound below 4 kHz end under it, the roll-off to 8 kHz begins over it."""


def _band_powers(frames: Samples) -> NDArray[np.floating]:
    """The power of each frame [frames, _FRAME] in the telephone band and above it, [2, frames]."""
    # Imported here because it takes long. It is quicker than numpy's, which computes with twice the precision.
    from scipy.fft import rfft

    parts = rfft(frames * _WINDOW).view(np.float32)  # the real and the imaginary one of each bin
    return np.stack([np.einsum("ij,ij->i", parts[:, band], parts[:, band]) for band in (_TELEPHONE, _ABOVE)])
