"""Logits of frames and embeddings of segments.

An object holds the logits of the segments of a job that were scored together, as an `.npz` file: `segments` [n] are
their indexes, `frames` [n] the numbers of their frames, and `logits` [sum of frames, labels] in float32 their logits,
one segment after the other. The embeddings of a segment are an `.npy` object of its own.
"""

from __future__ import annotations

import io
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import BinaryIO
from zipfile import BadZipFile

import numpy as np
from numpy.lib.format import MAGIC_PREFIX

from shared.domain.errors import NoEmbeddings, ObjectDamaged
from shared.domain.job import Job
from shared.domain.options import MAX_SEGMENT_MS
from shared.domain.recording import from_ms
from shared.domain.segment import Segment, SegmentResult
from shared.domain.speaker_channels import segment_by_speaker
from shared.frame_scores import Floats, Grid, grid, grid_parts, softmax
from shared.ports import JobRepository, ObjectStore
from shared.services.job_reader import succeeded
from shared.services.object_keys import embedding_key, logits_key, own_logits_key
from shared.services.prefetch import map_ahead

_PAGE = 500
"""Segments in one query; a recording of a day has tens of thousands."""
_DIMENSIONS = 2
_LOADED_SEGMENTS = 128
"""Segments whose logits are loaded together, seven megabytes at most."""


@dataclass(frozen=True, slots=True)
class FrameStore:
    """Stores and reads the arrays of scored segments. Reading raises JobNotFound or JobDeleted."""

    jobs: JobRepository
    objects: ObjectStore

    def store_logits(self, job_id: str, logits: Mapping[Segment, Floats]) -> str:
        """Store the logits [frames, labels] of segments in one object, and return its key.

        Call it before the outcomes of the segments are recorded, so that a segment with scores always has its arrays.

        Raises StorageFull.
        """
        key = logits_key(job_id, list(logits))
        segments, frames = [segment.index for segment in logits], [len(array) for array in logits.values()]
        content = io.BytesIO()
        np.savez(content, segments=segments, frames=frames, logits=np.concatenate(list(logits.values())))
        with self.objects.writer(key) as writer:
            writer.write(content.getvalue())
        return key

    def store_embeddings(self, job_id: str, segment: Segment, embeddings: Floats) -> None:
        """Store the embeddings of a segment, [dim] or [frames, dim]; call it as `store_logits`. Raises StorageFull."""
        with self.objects.writer(embedding_key(job_id, segment)) as writer:
            np.save(writer, embeddings, allow_pickle=False)

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
        job, labels, frames = self._logits_near(job_id, hop_ms, channel, within_ms)
        return job, grid(frames, labels, hop_ms).within(within_ms)

    def grid_parts(
        self, job_id: str, hop_ms: int, channel: int | None, within_ms: range
    ) -> tuple[Job, tuple[str, ...], Iterator[Grid]]:
        """Return a job, its labels and its grid in parts, as `grid`, which raises ObjectNotFound at once."""
        job, labels, frames = self._logits_near(job_id, hop_ms, channel, within_ms)
        return job, labels, (part.within(within_ms) for part in grid_parts(frames, labels, hop_ms))

    def _logits_near(
        self, job_id: str, hop_ms: int, channel: int | None, within_ms: range
    ) -> tuple[Job, tuple[str, ...], Iterator[tuple[Segment, Floats]]]:
        # Frames after the span may lie in a bin that begins within it.
        return self.logits(job_id, channel, range(within_ms.start, within_ms.stop + hop_ms))

    def logits(
        self, job_id: str, channel: int | None = None, within_ms: range | None = None
    ) -> tuple[Job, tuple[str, ...], Iterator[tuple[Segment, Floats]]]:
        """Return a job, its labels, and an iterator over its scored segments with their logits [frames, labels].

        With a span, all segments that meet it are among them. Where speakers were told apart, they are the channels.

        Raises:
            ResultNotReady, NoResult.
            ObjectNotFound, during the iteration: the job was analysed by a version that stored no frames.
        """
        job = succeeded(self.jobs, job_id).by_speaker()
        scored = list(self._scored(job_id) if within_ms is None else self._near(job_id, within_ms))
        labels = tuple(dict.fromkeys(label for result in scored for label in _labels(result)))

        def lane(result: SegmentResult) -> Segment:
            return segment_by_speaker(job.recording, result).segment

        loaded = self._load(job_id, (result for result in scored if channel in (None, lane(result).channel)))
        return job, labels, ((lane(result), _for_labels(labels, result, logits)) for result, logits in loaded)

    def segment_scores(self, job: Job, segments: Iterable[SegmentResult]) -> dict[int, Floats]:
        """Load the frame scores [frames, labels] of scored segments, by index; none unless the job asked for them.

        Raises:
            ObjectNotFound: the job was analysed before frames were kept.
        """
        return dict(self.each_scores(job, segments))

    def each_scores(self, job: Job, segments: Iterable[SegmentResult]) -> Iterator[tuple[int, Floats]]:
        """Yield what `segment_scores` returns, one segment after the other."""
        if job.options.granularity == "frame":
            loaded = self._load(job.id, (segment for segment in segments if segment.ok))
            yield from ((result.segment.index, softmax(logits)) for result, logits in loaded)

    def embeddings(self, job_id: str) -> tuple[Job, Iterator[tuple[int, bytes]]]:
        """Return a job and an iterator over its scored segments: index and embeddings, the bytes of a `.npy` file.

        Raises:
            NoEmbeddings: the job did not ask for them.
            ResultNotReady, NoResult.
        """
        job = self.jobs.get(job_id)
        if job.options.embeddings is None:
            raise NoEmbeddings
        succeeded(self.jobs, job_id)

        def read(result: SegmentResult) -> tuple[int, bytes]:
            key = embedding_key(job_id, result.segment)
            content = self.objects.read(key)
            if not content.startswith(MAGIC_PREFIX):
                raise ObjectDamaged.from_key(key)
            return result.segment.index, content

        return job, map_ahead(read, self._scored(job_id))

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

    def _load(self, job_id: str, scored: Iterable[SegmentResult]) -> Iterator[tuple[SegmentResult, Floats]]:
        """Yield scored segments, which come in their order, with their logits [frames, labels].

        Raises ObjectNotFound.
        """
        remaining = iter(scored)
        while results := list(islice(remaining, _LOADED_SEGMENTS)):
            keys = self.jobs.logits_keys(job_id, range(results[0].segment.index, results[-1].segment.index + 1))
            segments = [result.segment for result in results]
            objects = {keys.get(segment.index, own_logits_key(job_id, segment)): segment.index for segment in segments}
            loaded: dict[int, Floats] = {}
            for logits in map_ahead(lambda item: self.load_object(*item), objects.items()):
                loaded |= logits
            yield from ((result, loaded[result.segment.index]) for result in results)

    def load_object(self, key: str, index: int) -> dict[int, Floats]:
        """Load the logits of the segments in an object, by index; `index` is one of them.

        Raises ObjectNotFound, ObjectDamaged.
        """
        content = io.BytesIO(self.objects.read(key))
        try:
            loaded = {index: np.load(content, allow_pickle=False)} if key.endswith(".npy") else read_arrays(content)
            if all(logits.ndim == _DIMENSIONS for logits in (loaded[index], *loaded.values())):
                return loaded
        except (ValueError, KeyError, EOFError, BadZipFile) as error:  # NumPy's, of an object that is cut short
            raise ObjectDamaged.from_key(key) from error
        raise ObjectDamaged.from_key(key)


def read_arrays(content: BinaryIO) -> dict[int, Floats]:
    """Read the logits of segments that share an object. Raises errors of NumPy where it is damaged."""
    with np.load(content, allow_pickle=False) as arrays:
        logits, ends = arrays["logits"], np.cumsum(arrays["frames"])
        if len(logits) != ends[-1]:
            raise ValueError("there is another number of frames than the segments have")
        return dict(zip(arrays["segments"].tolist(), np.split(logits, ends[:-1]), strict=True))


def _for_labels(labels: tuple[str, ...], result: SegmentResult, logits: Floats) -> Floats:
    """Return the logits of a segment [frames, labels] for these labels.

    If the model was changed during a job, some segments lack some labels: these score zero.
    """
    if _labels(result) == labels:
        return logits
    wide = np.full((len(logits), len(labels)), -np.inf, np.float32)
    wide[:, [labels.index(label) for label in _labels(result)]] = logits
    return wide


def _labels(result: SegmentResult) -> tuple[str, ...]:
    scores = result.outcome.scores
    assert scores is not None  # it was scored
    return tuple(scores)
