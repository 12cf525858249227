"""What the model said of each frame, and its embeddings: kept as `.npy` objects, and read again."""

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
from shared.ports import JobStore, ObjectStore
from shared.services.job_reader import succeeded
from shared.services.object_keys import embedding_key, frames_key
from shared.services.prefetch import ahead

_PAGE = 500
"""Segments looked up at once; a recording of a day has tens of thousands."""


@dataclass(frozen=True, slots=True)
class FrameStore:
    """The use case. Reading raises JobNotFound or JobDeleted where there is no such job."""

    jobs: JobStore
    objects: ObjectStore

    def store(self, job_id: str, segment: Segment, logits: Floats, embeddings: Floats | None = None) -> None:
        """Keeps the logits [frames, labels] of a scored segment, and its embeddings [dim] or [frames, dim] if any.

        Call it before the segment's outcome is recorded: a segment with scores then always has its arrays.

        Raises:
            StorageFull: there is no room.
        """
        self._save(frames_key(job_id, segment), logits)
        if embeddings is not None:
            self._save(embedding_key(job_id, segment), embeddings)

    def grid(
        self, job_id: str, hop_ms: int, channel: int | None = None, within_ms: range | None = None
    ) -> tuple[Job, Grid]:
        """A job that succeeded, and its scores in bins of `hop_ms`: of one channel or of all, and of all bins or those
        that begin within a span.

        Raises:
            ResultNotReady, NoResult.
            ObjectNotFound: the job was analysed before frames were kept.
        """
        if within_ms is None:
            job, labels, frames = self.logits(job_id, channel)
            return job, grid(frames, labels, hop_ms)
        # FrameStore after the span may still lie in a bin that begins within it.
        job, labels, frames = self.logits(job_id, channel, range(within_ms.start, within_ms.stop + hop_ms))
        return job, grid(frames, labels, hop_ms).within(within_ms)

    def logits(
        self, job_id: str, channel: int | None = None, within_ms: range | None = None
    ) -> tuple[Job, tuple[str, ...], Iterator[tuple[Segment, Floats]]]:
        """A job that succeeded, its labels, and its scored segments in order, each with its frames' [frames, labels]:
        all of them, or with none left out that meets a span.

        Raises:
            ResultNotReady, NoResult.
            ObjectNotFound, while they are read: the job was analysed before frames were kept.
        """
        job = succeeded(self.jobs, job_id)
        scored = list(self._scored(job_id) if within_ms is None else self._near(job_id, within_ms))
        labels = tuple(dict.fromkeys(label for result in scored for label in _labels(result)))
        chosen = (result for result in scored if channel in (None, result.segment.channel))
        return job, labels, ahead(lambda result: (result.segment, self._logits_for(labels, job_id, result)), chosen)

    def segment_scores(self, job: Job, segments: Iterable[SegmentResult]) -> dict[int, Floats]:
        """Load the frame scores [frames, labels] of scored segments, by index; none unless the job asked for them.

        Raises:
            ObjectNotFound: the job was analysed before frames were kept.
        """
        if job.options.granularity != "frame":
            return {}
        scored = (segment for segment in segments if segment.ok)
        return dict(ahead(lambda result: (result.segment.index, softmax(self._logits(job.id, result))), scored))

    def embeddings(self, job_id: str) -> Iterator[tuple[int, bytes]]:
        """The index of each scored segment of a job that succeeded with its embeddings, as the `.npy` that was kept.

        Raises:
            NoEmbeddings: the job did not ask for them.
            ResultNotReady, NoResult.
        """
        if self.jobs.get(job_id).options.embeddings is None:
            raise NoEmbeddings
        succeeded(self.jobs, job_id)
        return ahead(lambda result: self._embedding(job_id, result.segment), self._scored(job_id))

    def _embedding(self, job_id: str, segment: Segment) -> tuple[int, bytes]:
        with self.objects.open(embedding_key(job_id, segment)) as file:
            return segment.index, file.read()

    def _near(self, job_id: str, within_ms: range) -> Iterator[SegmentResult]:
        """The scored segments that meet the span, and some before it.

        Segments are numbered by their start, so the first of them is found without looking at all that come before.
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
        """The logits of a segment's frames [frames, labels].

        A job that outlived a change of the model has segments that know nothing of some labels: those score zero.
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
