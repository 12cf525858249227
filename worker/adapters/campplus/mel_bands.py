"""Mel bands as Kaldi computes them, the input of CAM++: 80 bands every 10 ms, with its default options.

FunASR takes them from torchaudio or kaldi-native-fbank, of which neither is needed otherwise; a test compares the two.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from shared.domain.recording import SAMPLE_RATE
from worker.pipeline.ports import Floats, Samples

BANDS = 80
FRAME_LENGTH = SAMPLE_RATE * 25 // 1000
FRAME_STEP = SAMPLE_RATE // 100

_FFT = 512
_PREEMPHASIS = np.float32(0.97)
_LOWEST_HZ = 20.0
_LEAST_POWER = np.float32(np.finfo(np.float32).eps)
_FULL_SCALE = np.float32(32768)


def mel_bands(sound: Samples) -> Floats:
    """Compute the logarithms of the bands of `sound` [n] at 16 kHz, [frames, BANDS]; only whole frames count."""
    frames = sliding_window_view(sound, FRAME_LENGTH)[::FRAME_STEP].astype(np.float32) / _FULL_SCALE
    frames -= frames.mean(axis=1, keepdims=True)
    before = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    spectra = np.fft.rfft((frames - _PREEMPHASIS * before) * _window(), _FFT)
    power = (spectra.real**2 + spectra.imag**2).astype(np.float32)
    bands: Floats = np.log(np.maximum(power @ _filters(), _LEAST_POWER))
    return bands


@cache
def _window() -> Floats:
    """Kaldi's "povey" window, [FRAME_LENGTH]."""
    window: Floats = (np.hanning(FRAME_LENGTH) ** 0.85).astype(np.float32)
    return window


@cache
def _filters() -> Floats:
    """The triangular filters, [_FFT / 2 + 1, BANDS]; the highest bin has none, as in Kaldi."""
    edges = np.linspace(_mel(_LOWEST_HZ), _mel(SAMPLE_RATE / 2), BANDS + 2)
    bins = _mel(np.arange(_FFT // 2) * SAMPLE_RATE / _FFT)[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    filters = np.maximum(0, np.minimum(rising, falling))
    padded: Floats = np.pad(filters, ((0, 1), (0, 0))).astype(np.float32)
    return padded


def _mel(hertz: float | np.ndarray) -> np.ndarray:
    return np.asarray(1127.0 * np.log1p(np.asarray(hertz) / 700.0))
