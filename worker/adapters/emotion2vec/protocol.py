"""What the model's process and its parent say to each other: tags of frames, and their payloads."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np

from worker.pipeline.ports import Samples

READY = b"R"
"""JSON of a ModelInfo."""
UNAVAILABLE = b"U"
"""A sentence: why the model cannot run."""
CLIPS = b"C"
SCORES = b"S"
"""JSON: for each clip its scores by emotion."""


def pack(clips: Sequence[Samples]) -> bytes:
    """Clips [n] of int16 as one payload: a line of JSON with their lengths, then their samples."""
    lengths = json.dumps([len(clip) for clip in clips]).encode()
    return b"\n".join([lengths, b"".join(clip.astype("<i2", copy=False).tobytes() for clip in clips)])


def unpack(payload: bytes) -> list[Samples]:
    head, sound = payload.split(b"\n", 1)
    ends = np.cumsum(json.loads(head))
    return np.split(np.frombuffer(sound, "<i2"), ends[:-1])
