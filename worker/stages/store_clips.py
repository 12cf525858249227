"""Store the clips of a recording while it is decoded further."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self

import soundfile

from shared.domain.recording import SAMPLE_RATE
from shared.ports import ObjectStore, StoredSegment
from shared.services.object_keys import audio_key
from worker.pipeline.prepare import Clip

_MOST_CLIPS = 64
"""Clips in one object."""
_MOST_SAMPLES = 300 * SAMPLE_RATE
"""Samples in one object, ten megabytes. A clip that begins before may end after."""
_WAITING_SAMPLES = 2 * _MOST_SAMPLES
"""Samples in complete objects that are not stored yet; then decoding waits."""
_THREADS = 4
"""A store takes up to a hundred milliseconds for an object, the decoder less for the first ones."""


class ClipWriter:
    """Stores clips in objects that hold several, in threads of its own. A context manager.

    The first object holds one clip, so that it can be analysed at once, the next two, then four, and so on. So the
    objects of a recording are the same at each attempt.
    """

    def __init__(self, objects: ObjectStore, job_id: str) -> None:
        self._objects = objects
        self._job_id = job_id
        self._clips: list[Clip] = []
        self._samples = 0
        self._full_at = 1
        self._threads = ThreadPoolExecutor(_THREADS, "store-clips")
        self._waiting: deque[tuple[int, Future[list[StoredSegment]]]] = deque()

    def add(self, clip: Clip) -> None:
        """Add the next clip."""
        self._clips.append(clip)
        self._samples += len(clip.samples)
        if len(self._clips) == self._full_at or self._samples >= _MOST_SAMPLES:
            self._complete_object()
            self._full_at = min(2 * self._full_at, _MOST_CLIPS)

    def stored(self) -> list[StoredSegment]:
        """Return the segments that were stored since the last call. Raises StorageFull and other errors of the store.

        Waits while more than ten minutes of sound are not stored yet.
        """
        stored: list[StoredSegment] = []
        while self._waiting and (self._waiting[0][1].done() or self._waiting_samples > _WAITING_SAMPLES):
            stored += self._waiting.popleft()[1].result()
        return stored

    @property
    def _waiting_samples(self) -> int:
        return sum(samples for samples, _ in self._waiting)

    def finish(self) -> list[StoredSegment]:
        """Store the rest, and return the segments that were stored since the last call. Raises as `stored`."""
        if self._clips:
            self._complete_object()
        return [segment for _, future in self._waiting for segment in future.result()]

    def _complete_object(self) -> None:
        future = self._threads.submit(_store, self._objects, self._job_id, self._clips)
        self._waiting.append((self._samples, future))
        self._clips, self._samples = [], 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(cancel_futures=True)


def _store(objects: ObjectStore, job_id: str, clips: Sequence[Clip]) -> list[StoredSegment]:
    """Store clips in one object, as one FLAC after the other: lossless, and playable in browsers."""
    key = audio_key(job_id, [clip.segment for clip in clips])
    content, stored = io.BytesIO(), []
    for clip in clips:
        start = content.tell()
        content.write(flac(clip))
        stored.append(StoredSegment(clip.segment, key, range(start, content.tell())))
    with objects.writer(key) as writer:
        writer.write(content.getvalue())
    return stored


def flac(clip: Clip) -> bytes:
    """Return the sound of a clip as a FLAC file."""
    buffer = io.BytesIO()
    soundfile.write(buffer, clip.samples, SAMPLE_RATE, format="FLAC")
    return buffer.getvalue()
