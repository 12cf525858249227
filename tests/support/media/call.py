"""The bundled call: its sound, and where its phrases are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from shared.domain.recording import SAMPLE_RATE, from_ms
from worker.adapters.decoding.decoder import FfmpegDecoder

_SAMPLES = Path(__file__).parents[3] / "samples"


class Call(NamedTuple):
    """Int16 [n, 2] at 16 kHz, agent and customer; `spoken` [n, 2] is True within their phrases."""

    sound: npt.NDArray[np.int16]
    spoken: npt.NDArray[np.bool_]

    @property
    def voices(self) -> npt.NDArray[np.float32]:
        """The channels [2, n]."""
        return self.sound.T.astype(np.float32)

    @property
    def anyone(self) -> npt.NDArray[np.bool_]:
        """Where somebody speaks, [n]."""
        return self.spoken[:, 0] | self.spoken[:, 1]


def read_call(seconds: float) -> Call:
    """Decode the first seconds of the call."""
    with (_SAMPLES / "call.opus").open("rb") as file, FfmpegDecoder(3600, 30).open(file) as stream:
        sound = np.concatenate(list(stream.blocks()))
    spoken = np.zeros(sound.shape, np.bool_)
    for turn in json.loads((_SAMPLES / "call.json").read_text(encoding="utf-8"))["turns"]:
        for phrase in turn["phrases"]:
            spoken[from_ms(phrase["start_ms"]) : from_ms(phrase["end_ms"]), turn["channel"]] = True
    length = round(seconds * SAMPLE_RATE)
    return Call(sound[:length], spoken[:length])
