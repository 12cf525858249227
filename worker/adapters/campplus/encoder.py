"""Voiceprints by CAM++ (Wang et al. 2023, arXiv:2303.00332), run by ONNX Runtime in the caller's thread."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from shared.domain.recording import SAMPLE_RATE
from shared.domain.speakers import SpeakerModel
from worker.pipeline.errors import SpeakersUnavailable
from worker.pipeline.ports import Floats, Samples

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

NETWORK_FILE = "encoder.onnx"
ABOUT_FILE = "encoder.json"
"""JSON with the fields of `SpeakerModel`."""
BANDS = 80
_BATCH = 16
"""Windows in one run of the network: 40 MB of activations."""
_FULL_SCALE = np.float32(32768)


class CampplusEncoder:
    """`worker.pipeline.ports.SpeakerEncoder` by the network in a directory, which is read at the first use."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._session: InferenceSession | None = None
        self._lock = Lock()

    @property
    def info(self) -> SpeakerModel:
        """The id, hash and licence of the weights. Raises SpeakersUnavailable."""
        try:
            about = json.loads((self._directory / ABOUT_FILE).read_text(encoding="utf-8"))
            return SpeakerModel(**about)
        except (OSError, ValueError, TypeError) as error:
            raise SpeakersUnavailable(
                f"There is no speaker encoder in {self._directory}: `emoline models speakers` makes it."
            ) from error

    def embed(self, sounds: Sequence[Samples]) -> Floats:
        """Return the voiceprint of each sound [n], of unit length, [sounds, 192]. Raises SpeakersUnavailable.

        Sounds of one length are taken together: padding would change the answer.
        """
        session = self._opened()
        by_length: dict[int, list[int]] = defaultdict(list)
        for number, sound in enumerate(sounds):
            by_length[len(sound)].append(number)
        prints = np.empty((len(sounds), session.get_outputs()[0].shape[1]), np.float32)
        for numbers in by_length.values():
            for first in range(0, len(numbers), _BATCH):
                batch = numbers[first : first + _BATCH]
                bands = np.stack([_mel_bands(sounds[number]) for number in batch])
                bands -= bands.mean(axis=1, keepdims=True)
                (prints[batch],) = session.run(None, {"bands": bands})
        prints /= np.linalg.norm(prints, axis=1, keepdims=True)
        return prints

    def _opened(self) -> InferenceSession:
        with self._lock:
            if self._session is None:
                _ = self.info  # tells in a sentence that nothing is there
                self._session = _open(self._directory / NETWORK_FILE)
            return self._session


def _mel_bands(sound: Samples) -> Floats:
    """Compute the logarithms of Kaldi's mel bands of `sound` [n] at 16 kHz, every 10 ms, [frames, BANDS]."""
    from kaldi_native_fbank import FbankOptions, OnlineFbank

    options = FbankOptions()
    options.frame_opts.dither = 0  # else noise is added
    options.mel_opts.num_bins = BANDS
    computer = OnlineFbank(options)
    computer.accept_waveform(SAMPLE_RATE, sound.astype(np.float32) / _FULL_SCALE)
    return np.stack([computer.get_frame(frame) for frame in range(computer.num_frames_ready)])


def _open(file: Path) -> InferenceSession:
    """Open a network that runs in the thread of its caller: preparing has threads enough."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    # Imported here because it takes long, and most jobs need no speakers.
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
