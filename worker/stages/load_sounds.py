"""Load the sound of segments, many objects at a time."""

from __future__ import annotations

import io
from collections.abc import Sequence
from concurrent.futures import Executor

import numpy as np
import soundfile

from shared.domain.errors import ObjectDamaged, ObjectNotFound
from shared.ports import ObjectStore, StoredSegment
from worker.pipeline.ports import Samples


def load_sounds(objects: ObjectStore, segments: Sequence[StoredSegment], threads: Executor) -> list[Samples]:
    """Load the sound [n] at 16 kHz of each segment, an object per thread; empty if it is missing or broken.

    Segments that share an object are read with one request: they follow one another there, as they do in a claim.
    """
    by_object: dict[str, list[int]] = {}
    for number, stored in enumerate(segments):
        by_object.setdefault(stored.audio_key, []).append(number)

    def read(numbers: Sequence[int]) -> list[bytes | memoryview]:
        return _read_object(objects, [segments[number] for number in numbers])

    contents: dict[int, bytes | memoryview] = {}
    for numbers, of_object in zip(by_object.values(), threads.map(read, by_object.values()), strict=True):
        contents |= zip(numbers, of_object, strict=True)
    # Decoded in this thread: many that decode on few cores wait for each other, which costs half as much again.
    return [_decode(contents[number]) for number in range(len(segments))]


def _read_object(objects: ObjectStore, segments: Sequence[StoredSegment]) -> list[bytes | memoryview]:
    """Read the FLACs of segments in one object; empty where it is missing."""
    spans = [stored.audio_span for stored in segments if stored.audio_span is not None]
    span = range(min(span.start for span in spans), max(span.stop for span in spans)) if spans else None
    try:
        content = memoryview(objects.read(segments[0].audio_key, span))
    except (ObjectNotFound, ObjectDamaged):
        return [b""] * len(segments)
    start = span.start if span else 0
    return [content[span.start - start : span.stop - start] for span in spans] or [content]


def _decode(flac: bytes | memoryview) -> Samples:
    try:
        samples: Samples = soundfile.read(io.BytesIO(flac), dtype="int16")[0]
    except soundfile.LibsndfileError:
        return np.empty(0, np.int16)
    return samples
