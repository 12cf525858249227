"""Voice detection by Silero VAD (https://github.com/snakers4/silero-vad)."""

from __future__ import annotations

import os
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
"""Samples of the preceding frame that the network gets with each frame."""
_STATE = (1, 1, 128)
"""Shape of each of the two states of its LSTM."""
_THRESHOLD = 0.5
"""The probability from which a frame is voice: Silero's own. With its hysteresis, 0.35 for the end, as much is lost."""
_LOUD = 8192.0
"""The sample that is scaled to 1. With full scale, 32768, the network misses 1 to 3 % more frames of speech at -45
dBFS. The 12 dB more cost 0.2 to 1 % of the frames of loud speech; of noise and music, 1 % passes at the most."""
_WINDOW = 3 * SAMPLE_RATE // _FRAME * _FRAME
"""Samples. After three seconds without voice the network's state is reset: after minutes of music or noise it would
lose up to a sixth of the quiet speech that follows. Two seconds lose more speech in noise, ten help less."""


class SileroVoiceDetector:
    """`worker.pipeline.ports.VoiceDetector` by the Silero project's recurrent network."""

    frame = _FRAME
    takes_any_sound = False

    def __init__(self) -> None:
        self._network = _network()
        self._before: Samples = np.zeros(_CONTEXT, np.int16)
        self._state = _fresh_state()
        # The current window: its samples so far, and True once it has voice.
        self._window_samples = 0
        self._window_voiced = False

    def voiced(self, samples: Samples) -> NDArray[np.bool_]:
        """Decide for each frame of the next `samples` [n * frame] whether it is voice, [n]."""
        parts = np.split(samples, range(_WINDOW - self._window_samples, len(samples), _WINDOW))
        return np.concatenate([self._voiced_in_window(part) for part in parts])

    def probabilities(self, samples: Samples) -> Floats:
        """The probability of voice for each frame of the next `samples` [n * frame], [n]; the state is not reset."""
        sound = np.concatenate([self._before, samples])
        self._before = sound[-_CONTEXT:]
        frames = sliding_window_view(sound / np.float32(_LOUD), _CONTEXT + _FRAME)[::_FRAME]
        h, c = self._state
        probabilities: Floats
        probabilities, *self._state = self._network.run(None, {"input": frames, "h": h, "c": c})
        return probabilities

    def _voiced_in_window(self, samples: Samples) -> NDArray[np.bool_]:
        """Decide for samples of the current window only."""
        voiced = self.probabilities(samples) >= _THRESHOLD
        self._window_samples += len(samples)
        self._window_voiced |= bool(voiced.any())
        if self._window_samples == _WINDOW:
            if not self._window_voiced:
                self._state = _fresh_state()
            self._window_samples, self._window_voiced = 0, False
        return voiced


def _fresh_state() -> list[Floats]:
    return [np.zeros(_STATE, np.float32), np.zeros(_STATE, np.float32)]


@cache
def _network() -> InferenceSession:
    """The network, shared by all channels and threads because it is stateless; it runs in the caller's thread."""
    # It would tell its maker of every process, from version 1.32 on; only this variable keeps it from that.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    # Imported here because it takes long, and the other detector does not need it.
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # Importing the package would import torch.
    file = distribution("silero-vad").locate_file("silero_vad/data/silero_vad_16k_sequence.onnx")
    return InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
