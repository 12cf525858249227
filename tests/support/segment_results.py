"""Short ways to write segments down in tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from shared.domain.failure import FailureCode
from shared.domain.recording import SAMPLE_RATE
from shared.domain.segment import Segment, SegmentFlag, SegmentOutcome, SegmentResult, SegmentStatus


def scored(
    index: int, start_s: float, end_s: float, emotion: str, confidence: float, channel: int = 0
) -> SegmentResult:
    start, end = round(start_s * SAMPLE_RATE), round(end_s * SAMPLE_RATE)
    outcome = SegmentOutcome(SegmentStatus.OK, emotion, confidence, {emotion: confidence})
    return SegmentResult(Segment(index, channel, start, end, end - start), outcome)


def scored_as(
    index: int,
    start_s: float,
    end_s: float,
    scores: Mapping[str, float],
    channel: int = 0,
    *,
    speech_s: float | None = None,
    flags: tuple[SegmentFlag, ...] = (),
) -> SegmentResult:
    start, end = round(start_s * SAMPLE_RATE), round(end_s * SAMPLE_RATE)
    speech = end - start if speech_s is None else round(speech_s * SAMPLE_RATE)
    return SegmentResult(Segment(index, channel, start, end, speech, flags), SegmentOutcome.scored(scores))


def unfamiliar(result: SegmentResult) -> SegmentResult:
    return replace(result, outcome=replace(result.outcome, unfamiliarity=1.5))


def skipped(index: int, start_s: float, end_s: float) -> SegmentResult:
    start, end = round(start_s * SAMPLE_RATE), round(end_s * SAMPLE_RATE)
    return SegmentResult(Segment(index, 0, start, end, end - start), SegmentOutcome.skipped(FailureCode.TIMEOUT))
