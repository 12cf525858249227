"""What the sound of a segment tells of how far the answer for it may be trusted.

The limits were found by measurement, see docs/flags.md.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared.domain.recording import SAMPLE_RATE
from shared.domain.segment import SegmentFlag
from worker.pipeline.ports import Samples

_SHORTEST = SAMPLE_RATE
_FULL_SCALE = 32_000
"""Not 32,767: the loudest sample of G.711 mu-law is 32,124."""
_CLIPPED_SHARE = 1e-3
_QUIET_RMS = 32_768 * 10 ** (-50 / 20)
"""-50 dBFS: there the variance of a segment is as small as the epsilon (1e-5) of the layer norm that the model evens
levels out with; further down the model hears a quieter voice."""

_FRAME = 512
"""Samples per spectrum: 32 ms."""
_WINDOW = np.hanning(_FRAME + 1)[:-1].astype(np.float32)
_BLOCK = 64
"""Frames analysed at once: what stays in the processor's cache is done five times as fast."""
_NARROWBAND_RATIO = 10 ** (-40 / 10)
_FRICATIVES_SHARE = 0.1
"""Of all frames. In wideband speech more than these hold sound above 4 kHz, where clicks are in fewer."""


def flags(samples: Samples) -> tuple[SegmentFlag, ...]:
    """The flags of a segment with the sound [n], in the order of `SegmentFlag`."""
    holds = {
        SegmentFlag.TOO_SHORT: len(samples) < _SHORTEST,
        SegmentFlag.NARROWBAND: _narrowband(samples),
        SegmentFlag.CLIPPED: _clipped(samples),
        SegmentFlag.QUIET: _quiet(samples),
    }
    return tuple(flag for flag in SegmentFlag if holds[flag])


def _narrowband(samples: Samples) -> bool:
    frames = _frames(samples)
    # Clipping spreads a telephone's sound over the whole band, often only here, where resampling overshoots.
    frames = frames[~_at_full_scale(frames).any(axis=1)]
    if not len(frames):
        return False
    blocks = [_band_powers(frames[start : start + _BLOCK]) for start in range(0, len(frames), _BLOCK)]
    telephone, above = np.concatenate(blocks, axis=1)
    # Digital silence is not narrowband: it has as much above as below, nothing.
    return bool(np.mean(above >= _NARROWBAND_RATIO * telephone.mean()) < _FRICATIVES_SHARE)


def _clipped(samples: Samples) -> bool:
    return bool(np.count_nonzero(_at_full_scale(samples)) > _CLIPPED_SHARE * len(samples))


def _at_full_scale(samples: Samples) -> NDArray[np.bool_]:
    return (samples >= _FULL_SCALE) | (samples <= -_FULL_SCALE)


def _quiet(samples: Samples) -> bool:
    return not samples.size or bool(samples.std(dtype=np.float32) < _QUIET_RMS)


def _frames(samples: Samples) -> Samples:
    """The whole frames [frames, _FRAME]."""
    return samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)


def _bins(low_hz: int, high_hz: int) -> slice:
    return slice(low_hz * _FRAME // SAMPLE_RATE, high_hz * _FRAME // SAMPLE_RATE)


_TELEPHONE = _bins(300, 3400)
"""ITU-T G.712."""
_ABOVE = _bins(4750, 7750)
"""What resampling leaves of the sound right below 4 kHz ends under it, what it takes off below 8 kHz begins over it."""


def _band_powers(frames: Samples) -> NDArray[np.floating]:
    """Power of each frame [frames, _FRAME] in the telephone's band and above it, [2, frames]."""
    spectra = np.fft.rfft(frames * _WINDOW)
    return np.stack([_power(spectra[:, _TELEPHONE]), _power(spectra[:, _ABOVE])])


def _power(bins: NDArray[np.complexfloating]) -> NDArray[np.floating]:
    return np.asarray((bins.real**2 + bins.imag**2).sum(axis=1))
