"""Logits of frames and embeddings of segments, stored as `.npy` objects."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile

import numpy as np

from shared.domain.errors import NoEmbeddings
from shared.domain.job import Job
from shared.domain.options import MAX_SEGMENT_MS
from shared.domain.recording import from_ms
from shared.domain.segment import Segment, SegmentResult
from shared.frame_scores import Floats, Grid, grid, softmax
from shared.ports import JobRepository, ObjectStore
from shared.services.job_reader import succeeded
from shared.services.object_keys import embedding_key, frames_key
from shared.services.prefetch import map_ahead

_PAGE = 500
"""Segments in one query; a recording of a day has tens of thousands."""


@dataclass(frozen=True, slots=True)
class FrameStore:
    """Stores and reads the arrays of scored segments. Reading raises JobNotFound or JobDeleted."""

    jobs: JobRepository
    objects: ObjectStore

    def store(self, job_id: str, segment: Segment, logits: Floats, embeddings: Floats | None = None) -> None:
        """Store the logits [frames, labels] of a segment, and its embeddings [dim] or [frames, dim] if there are any.

        Call it before the outcome of the segment is recorded, so that a segment with scores always has its arrays.

        Raises StorageFull.
        """
        self._save(frames_key(job_id, segment), logits)
        if embeddings is not None:
            self._save(embedding_key(job_id, segment), embeddings)

    def grid(
        self, job_id: str, hop_ms: int, channel: int | None = None, within_ms: range | None = None
    ) -> tuple[Job, Grid]:
        """Return a job and its scores in bins of `hop_ms`, of one channel or all, of all bins or those in a span.

        A bin is in the span if it begins in it.

        Raises:
            ResultNotReady, NoResult.
            ObjectNotFound: the job was analysed by a version that stored no frames.
        """
        if within_ms is None:
            job, labels, frames = self.logits(job_id, channel)
            return job, grid(frames, labels, hop_ms)
        # Frames after the span may lie in a bin that begins within it.
        job, labels, frames = self.logits(job_id, channel, range(within_ms.start, within_ms.stop + hop_ms))
        return job, grid(frames, labels, hop_ms).within(within_ms)

    def logits(
        self, job_id: str, channel: int | None = None, within_ms: range | None = None
    ) -> tuple[Job, tuple[str, ...], Iterator[tuple[Segment, Floats]]]:
        """Return a job, its labels, and an iterator over its scored segments with their logits [frames, labels].

        With a span, all segments that meet it are among them.

        Raises:
            ResultNotReady, NoResult.
            ObjectNotFound, during the iteration: the job was analysed by a version that stored no frames.
        """
        job = succeeded(self.jobs, job_id)
        scored = list(self._scored(job_id) if within_ms is None else self._near(job_id, within_ms))
        labels = tuple(dict.fromkeys(label for result in scored for label in _labels(result)))
        selected = (result for result in scored if channel in (None, result.segment.channel))
        arrays = map_ahead(lambda result: (result.segment, self._logits_for(labels, job_id, result)), selected)
        return job, labels, arrays

    def segment_scores(self, job: Job, segments: Iterable[SegmentResult]) -> dict[int, Floats]:
        """Load the frame scores [frames, labels] of scored segments, by index; none unless the job asked for them.

        Raises:
            ObjectNotFound: the job was analysed before frames were kept.
        """
        if job.options.granularity != "frame":
            return {}
        scored = (segment for segment in segments if segment.ok)
        return dict(map_ahead(lambda result: (result.segment.index, softmax(self._logits(job.id, result))), scored))

    def embeddings(self, job_id: str) -> Iterator[tuple[int, bytes]]:
        """Return an iterator over the scored segments of a job: index and embeddings, the bytes of a `.npy` file.

        Raises:
            NoEmbeddings: the job did not ask for them.
            ResultNotReady, NoResult.
        """
        if self.jobs.get(job_id).options.embeddings is None:
            raise NoEmbeddings
        succeeded(self.jobs, job_id)

        def read(result: SegmentResult) -> tuple[int, bytes]:
            with self.objects.open(embedding_key(job_id, result.segment)) as file:
                return result.segment.index, file.read()

        return map_ahead(read, self._scored(job_id))

    def _near(self, job_id: str, within_ms: range) -> Iterator[SegmentResult]:
        """Return the scored segments that meet the span, and some before it.

        Segments are numbered by their start, so a binary search finds the first.
        """
        start, end = from_ms(within_ms.start - MAX_SEGMENT_MS), from_ms(within_ms.stop)
        numbers = range(self.jobs.counts([job_id])[job_id].total)
        first = bisect_left(numbers, start, key=lambda index: self.jobs.segment(job_id, index).segment.start)
        return takewhile(lambda result: result.segment.start < end, self._scored(job_id, first - 1))

    def _scored(self, job_id: str, after: int = -1) -> Iterator[SegmentResult]:
        while page := self.jobs.results(job_id, after=after, limit=_PAGE):
            yield from (result for result in page if result.ok)
            after = page[-1].segment.index

    def _logits_for(self, labels: tuple[str, ...], job_id: str, result: SegmentResult) -> Floats:
        """Read the logits of a segment [frames, labels].

        If the model was changed during a job, some segments lack some labels: these score zero.
        """
        logits = self._logits(job_id, result)
        if _labels(result) == labels:
            return logits
        wide = np.full((len(logits), len(labels)), -np.inf, np.float32)
        wide[:, [labels.index(label) for label in _labels(result)]] = logits
        return wide

    def _logits(self, job_id: str, result: SegmentResult) -> Floats:
        with self.objects.open(frames_key(job_id, result.segment)) as file:
            logits: Floats = np.load(file, allow_pickle=False)
        return logits

    def _save(self, key: str, array: Floats) -> None:
        with self.objects.writer(key) as writer:
            np.save(writer, array, allow_pickle=False)


def _labels(result: SegmentResult) -> tuple[str, ...]:
    scores = result.outcome.scores
    assert scores is not None  # it was scored
    return tuple(scores)
