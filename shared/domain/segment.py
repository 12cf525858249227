"""Segments: stretches of one channel that are analysed as a whole, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from shared.domain.emotion import UNKNOWN, Scores
from shared.domain.failure import FailureCode
from shared.domain.recording import SAMPLE_RATE

TOO_SHORT = SAMPLE_RATE
"""Samples. Under one second the model's answer says little: such segments carry the flag `too_short`."""


class SegmentStatus(StrEnum):
    PENDING = "pending"
    OK = "ok"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Segment:
    """A half-open stretch [start, end) of one channel, in samples at 16 kHz.

    `speech` counts the samples in it that hold detected speech; the rest is margin and short pauses.
    """

    index: int
    channel: int
    start: int
    end: int
    speech: int

    @property
    def duration(self) -> int:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class SegmentOutcome:
    """What the model said of a segment, or why it could not say anything."""

    status: SegmentStatus
    emotion: str = UNKNOWN
    confidence: float | None = None
    scores: Scores | None = None
    reason: FailureCode | None = None

    @classmethod
    def scored(cls, scores: Mapping[str, float]) -> SegmentOutcome:
        emotion = max(scores, key=scores.__getitem__)
        return cls(SegmentStatus.OK, emotion, scores[emotion], scores)

    @classmethod
    def skipped(cls, reason: FailureCode) -> SegmentOutcome:
        return cls(SegmentStatus.SKIPPED, reason=reason)


PENDING = SegmentOutcome(SegmentStatus.PENDING)


@dataclass(frozen=True, slots=True)
class SegmentResult:
    """A segment with its outcome."""

    segment: Segment
    outcome: SegmentOutcome

    @property
    def ok(self) -> bool:
        return self.outcome.status is SegmentStatus.OK

    @property
    def flags(self) -> tuple[str, ...]:
        return ("too_short",) if self.segment.duration < TOO_SHORT else ()
