"""What the model's process and its parent say to each other: tags of frames, and their payloads."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worker.pipeline.ports import Samples

READY = b"R"
"""JSON: the ModelInfo as `info`, and the samples of a batch as `batch`."""
UNAVAILABLE = b"U"
"""A sentence: why the model cannot run."""
CLIPS = b"C"
"""A batch, see `pack_clips`."""
EMBED = b"E"
"""A batch of which the frames' embeddings are wanted too."""
ANSWER = b"A"
"""Named arrays: those of the network's `Output`."""
OUT_OF_MEMORY = b"M"
"""Instead of an answer."""


def pack_clips(clips: Sequence[Samples]) -> bytes:
    """Clips [n] of int16 as one payload: a line of JSON with their lengths, then their samples."""
    lengths = json.dumps([len(clip) for clip in clips]).encode()
    return b"\n".join([lengths, b"".join(clip.astype("<i2", copy=False).tobytes() for clip in clips)])


def unpack_clips(payload: bytes) -> tuple[Samples, list[int]]:
    """The clips one after the other, and their lengths."""
    head, sound = payload.split(b"\n", 1)
    return np.frombuffer(bytearray(sound), "<i2"), json.loads(head)


def pack_arrays(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def unpack_arrays(payload: bytes) -> dict[str, NDArray[Any]]:
    with np.load(io.BytesIO(payload), allow_pickle=False) as arrays:
        return dict(arrays)
