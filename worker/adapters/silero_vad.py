from __future__ import annotations

from functools import cache
from importlib.metadata import distribution
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from shared.domain.recording import SAMPLE_RATE
from worker.pipeline.ports import Floats, Samples

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_FRAME = 512
_CONTEXT = 64
"""Samples of the frame before that the network hears with each frame."""
_STATE = (1, 1, 128)
"""Shape of each of the two states of its LSTM."""
_THRESHOLD = 0.5
"""Probability from which a frame is voice: silero's own. Its hysteresis, an end under 0.35, loses no less speech."""
_LOUD = 8192.0
"""The sample that the network hears as 1. With full scale, 32768, it misses 1 to 3 % more frames of speech at -45 dBFS.
The 12 dB more cost 0.2 to 1 % of the frames of loud speech; of noise and music, 1 % passes at the most."""
_STRETCH = 3 * SAMPLE_RATE // _FRAME * _FRAME
"""Samples. Where these three seconds hold no voice, the network forgets them: after minutes of music or noise it loses
up to a sixth of the quiet speech that follows. Two seconds lose more speech in noise, ten help less."""


class SileroVoiceDetector:
    """`worker.pipeline.ports.VoiceDetector` by the Silero project's recurrent network."""

    frame = _FRAME

    def __init__(self) -> None:
        self._network = _network()
        self._before: Samples = np.zeros(_CONTEXT, np.int16)
        self._state = _fresh_state()
        # Of the stretch that is under way: the samples heard, and whether voice was among them.
        self._heard = 0
        self._voice = False

    def voiced(self, samples: Samples) -> NDArray[np.bool_]:
        parts = np.split(samples, range(_STRETCH - self._heard, len(samples), _STRETCH))
        return np.concatenate([self._decided(part) for part in parts])

    def probabilities(self, samples: Samples) -> Floats:
        """That each frame of the next `samples` [n * frame] is voice, [n]; nothing is forgotten on the way."""
        sound = np.concatenate([self._before, samples])
        self._before = sound[-_CONTEXT:]
        frames = sliding_window_view(sound / np.float32(_LOUD), _CONTEXT + _FRAME)[::_FRAME]
        h, c = self._state
        found: Floats
        found, *self._state = self._network.run(None, {"input": frames, "h": h, "c": c})
        return found

    def _decided(self, samples: Samples) -> NDArray[np.bool_]:
        """Of samples that lie in one stretch."""
        voice = self.probabilities(samples) >= _THRESHOLD
        self._heard += len(samples)
        self._voice |= bool(voice.any())
        if self._heard == _STRETCH:
            self._end_stretch()
        return voice

    def _end_stretch(self) -> None:
        if not self._voice:
            self._state = _fresh_state()
        self._heard, self._voice = 0, False


def _fresh_state() -> list[Floats]:
    return [np.zeros(_STATE, np.float32), np.zeros(_STATE, np.float32)]


@cache
def _network() -> InferenceSession:
    """One for all channels and threads, as it remembers nothing itself. It runs in the caller's thread."""
    # Here, so that who detects with something else does not wait for it.
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # Importing the package would import torch.
    file = distribution("silero-vad").locate_file("silero_vad/data/silero_vad_16k_sequence.onnx")
    return InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
