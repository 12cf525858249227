"""Jobs with made-up analyses, so that tests know the API's responses in advance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from shared.container import Services
from shared.domain.emotion import ModelInfo
from shared.domain.failure import FailureCode
from shared.domain.job import JobState
from shared.domain.options import JobOptions
from shared.domain.segment import Segment, SegmentOutcome
from shared.frame_scores import Floats, softmax
from shared.ports import StoredSegment
from shared.services.object_keys import audio_key
from shared.waveform import Waveform
from tests.support.media.case import spoken

LABELS = ("angry", "happy", "sad")
MODEL = ModelInfo("test", None, "00", LABELS)


class Part(NamedTuple):
    """A segment: its channel, its start in ms, and its frames' logits [frames, labels]; without any it is skipped."""

    channel: int
    start_ms: int
    logits: Floats | None = None
    labels: Sequence[str] = LABELS


def submitted(services: Services, options: JobOptions, filename: str = "call.wav") -> str:
    with services.submission.begin() as upload:
        upload.write(spoken("wav"))
        return upload.commit(filename, options).id


def analysed(
    services: Services,
    parts: Sequence[Part],
    options: JobOptions,
    embeddings: Sequence[Floats] = (),
    labels: tuple[str, ...] = LABELS,
    filename: str = "call.wav",
    waveform: Waveform | None = None,
) -> str:
    """Return the id of a job that succeeded with segments of these parts, without a waveform as older jobs are."""
    job_id = submitted(services, options, filename)
    segments = [_segment(index, part) for index, part in enumerate(parts)]
    stored = [StoredSegment(segment, audio_key(job_id, [segment])) for segment in segments]
    claim = services.ports.work_queue.claim_preparation()
    assert claim is not None
    prepared = claim.job.evolve(recording=replace(claim.job.recording, roles=options.roles))
    if waveform:
        services.waveform_store.store(job_id, waveform)
        prepared = prepared.evolve(prepared=waveform.end)
    services.ports.work_queue.save(claim, prepared.to(JobState.INFERRING, services.clock.now()), add=stored)
    for segment, part, embedding in zip(segments, parts, embeddings, strict=False):
        if part.logits is not None:
            services.frame_store.store_embeddings(job_id, segment, embedding)
    while claims := services.ports.work_queue.claim_segments(10**12):
        for part_labels in dict.fromkeys(tuple(part.labels) for part in parts):  # of one model each
            claimed = [(claim, parts[claim.stored.segment.index]) for claim in claims]
            scored = [(claim, part) for claim, part in claimed if tuple(part.labels) == part_labels]
            logits = {claim.stored.segment: part.logits for claim, part in scored if part.logits is not None}
            keys = {job_id: services.frame_store.store_logits(job_id, logits)} if logits else {}
            outcomes = [(claim, _outcome(part)) for claim, part in scored]
            services.ports.work_queue.record(outcomes, replace(MODEL, labels=labels), keys)
    finish = services.ports.work_queue.claim_finish()
    assert finish is not None
    services.ports.work_queue.save(finish, finish.job.to(JobState.SUCCEEDED, services.clock.now()))
    return job_id


def _segment(index: int, part: Part) -> Segment:
    start, frames = 16 * part.start_ms, 50 if part.logits is None else len(part.logits)
    length = 320 * frames + 80  # the model needs 400 samples for a frame
    return Segment(index, part.channel, start, start + length, length)


def _outcome(part: Part) -> SegmentOutcome:
    if part.logits is None:
        return SegmentOutcome.skipped(FailureCode.TIMEOUT)
    scores = softmax(part.logits.mean(axis=0))
    return SegmentOutcome.scored(dict(zip(part.labels, scores.tolist(), strict=True)))
