"""The messages between the model's process and its parent: tags of frames, and their payloads."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worker.pipeline.ports import Samples

READY = b"R"
"""JSON: the ModelInfo as `info`, and the best batch size in samples as `batch`."""
UNAVAILABLE = b"U"
"""A sentence: the reason for which the model cannot run."""
CLIPS = b"C"
"""A batch, see `pack_clips`."""
EMBED = b"E"
"""A batch whose answer shall include the embeddings of frames."""
ANSWER = b"A"
"""The named arrays of the network's `Output`, and what its calibration adds, see `pack_arrays`."""
OUT_OF_MEMORY = b"M"
"""Sent in place of an answer."""


def pack_clips(clips: Sequence[Samples]) -> list[bytes | memoryview]:
    """Pack clips [n] of int16 into the parts of a payload: a line of JSON with their lengths, then their samples."""
    lengths = json.dumps([len(clip) for clip in clips]).encode() + b"\n"
    return [lengths, *[np.ascontiguousarray(clip, "<i2").data for clip in clips]]


def unpack_clips(payload: bytearray) -> tuple[Samples, list[int]]:
    """The samples of all clips, one clip after the other, and the clips' lengths. The payload's memory is used."""
    start = payload.index(b"\n") + 1
    return np.frombuffer(payload, "<i2", offset=start), json.loads(payload[:start])


def pack_arrays(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Pack named arrays into one payload, in NumPy's npz format without pickles."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def unpack_arrays(payload: bytearray) -> dict[str, NDArray[Any]]:
    """The arrays of a payload by their names."""
    with np.load(io.BytesIO(payload), allow_pickle=False) as arrays:
        return dict(arrays)
