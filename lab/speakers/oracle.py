"""An encoder that knows the truth to a stated noise, to measure the method apart from any network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lab.speakers.conversations import Conversation
from shared.domain.recording import SAMPLE_RATE
from shared.domain.speakers import SpeakerModel
from worker.pipeline.ports import Floats, Samples

_DIMENSIONS = 192
_STEP = SAMPLE_RATE // 100
_NOISE = 0.8
"""Length of the noise of 1.5 s, to a voice of length 1: two windows of one speaker have a cosine of 1 / (1 + 0.64), or
0.61, in the mean. Noise falls with the root of the time."""
_USUAL_S = 1.5


class OracleEncoder:
    """`worker.pipeline.ports.SpeakerEncoder` for windows of one conversation, which it recognises by their samples.

    A window's voiceprint is the mean of its speakers' by their time in it, with noise. Time without speech counts as
    nothing.
    """

    info = SpeakerModel("oracle", "", "")

    def __init__(self, conversation: Conversation, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        speakers = sorted({span.speaker for span in conversation.spans})
        self._voices = np.linalg.qr(self._random.normal(size=(_DIMENSIONS, len(speakers))))[0].T
        samples = conversation.samples
        self._places = {
            samples[start : start + _STEP].tobytes(): start for start in range(0, len(samples) - _STEP, _STEP)
        }
        self._active = np.zeros((len(samples) // _STEP + 1, len(speakers)), np.float32)
        for span in conversation.spans:
            self._active[span.start // _STEP : span.end // _STEP, speakers.index(span.speaker)] = 1

    def embed(self, sounds: Sequence[Samples]) -> Floats:
        """Return the voiceprints of windows that begin on the grid of 10 ms, [sounds, 192]."""
        prints = np.stack([self._print(sound) for sound in sounds])
        units: Floats = (prints / np.linalg.norm(prints, axis=1, keepdims=True)).astype(np.float32)
        return units

    def _print(self, sound: Samples) -> Floats:
        start = self._places[sound[:_STEP].tobytes()] // _STEP
        time = self._active[start : start + len(sound) // _STEP].sum(axis=0)
        voice = time @ self._voices / max(1.0, float(time.sum()))
        spread = _NOISE / np.sqrt(len(sound) / SAMPLE_RATE / _USUAL_S) / np.sqrt(_DIMENSIONS)
        noisy: Floats = voice + self._random.normal(0, spread, _DIMENSIONS)
        return noisy
