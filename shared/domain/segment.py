"""Segments, their outcomes and their corrections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.domain.emotion import UNKNOWN, Scores
from shared.domain.failure import FailureCode


class SegmentStatus(StrEnum):
    PENDING = "pending"
    OK = "ok"
    SKIPPED = "skipped"


class SegmentFlag(StrEnum):
    """What limits how far the answer for a segment may be trusted; docs/flags.md says how the limits were found."""

    TOO_SHORT = "too_short"
    """It lasts under one second, too little for the model to go by."""
    NARROWBAND = "narrowband"
    """In over nine tenths of its frames of 32 ms the power from 4.75 to 7.75 kHz is more than 40 dB under the segment's
    mean from 300 to 3,400 Hz, as from a telephone. Frames at full scale are not counted."""
    CLIPPED = "clipped"
    """Over one sample in 1,000 is at full scale: 32,000 of 32,768 or more, either way."""
    QUIET = "quiet"
    """Its level (RMS, without a constant offset) is under -50 dBFS."""
    CROSSTALK = "crosstalk"
    """In over a tenth of it, most of what is heard is the voice of the other channel."""
    NOT_SPEECH = "not_speech"
    """It changes as little as music does, and a second voice detector finds no voice in it."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A half-open stretch [start, end) of one channel, in samples at 16 kHz.

    `speech` is the number of samples with detected speech; the rest is margin and short pauses. `flags` are in the
    order of `SegmentFlag`.
    """

    index: int
    channel: int
    start: int
    end: int
    speech: int
    flags: tuple[SegmentFlag, ...] = ()

    @property
    def duration(self) -> int:
        """The length in samples at 16 kHz."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class SegmentOutcome:
    """The scores of a segment with its emotion and the confidence, or the reason why it was skipped."""

    status: SegmentStatus
    emotion: str = UNKNOWN
    confidence: float | None = None
    scores: Scores | None = None
    reason: FailureCode | None = None

    @classmethod
    def scored(cls, scores: Mapping[str, float]) -> SegmentOutcome:
        """Make the outcome of a segment from its scores, probabilities by emotion."""
        emotion = max(scores, key=scores.__getitem__)
        return cls(SegmentStatus.OK, emotion, scores[emotion], scores)

    @classmethod
    def skipped(cls, reason: FailureCode) -> SegmentOutcome:
        """Make the outcome of a segment that could not be scored."""
        return cls(SegmentStatus.SKIPPED, reason=reason)


PENDING = SegmentOutcome(SegmentStatus.PENDING)


@dataclass(frozen=True, slots=True)
class Correction:
    """The emotion of a segment according to a person: feedback that changes no score.

    `key_id` is the id of the API key that it was sent with, None without one.
    """

    emotion: str
    comment: str | None
    corrected_at: datetime
    key_id: str | None = None


@dataclass(frozen=True, slots=True)
class SegmentResult:
    """A segment with its outcome, and its correction if there is one."""

    segment: Segment
    outcome: SegmentOutcome
    correction: Correction | None = None

    @property
    def ok(self) -> bool:
        """Whether the segment was scored."""
        return self.outcome.status is SegmentStatus.OK
