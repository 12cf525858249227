"""Segments, their outcomes and their corrections."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from shared.domain.emotion import UNKNOWN, Scores
from shared.domain.failure import FailureCode
from shared.domain.recording import SAMPLE_RATE


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
    UNFAMILIAR = "unfamiliar"
    """It sounds less like the calibration data of the model than nine of ten clips of those: see `SegmentOutcome`."""


RELIABLE_SPEECH = 2 * SAMPLE_RATE
"""The least speech, in samples, on which a superlative rests: a laugh or a cough is shorter."""

UNRELIABLE_FLAGS = frozenset(SegmentFlag) - {SegmentFlag.NARROWBAND, SegmentFlag.CLIPPED}
"""Flags of segments that may hold another sound than the voice of their channel, or whose answer is a guess."""


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
    """The scores of a segment with its emotion and the confidence, or the reason why it was skipped.

    A calibrated model gives two things more. `p_values` tell for each emotion how usual such scores are where it is the
    true one, 0 to 1: see `emotion_set`. `unfamiliarity` is how unlike the calibration data the segment sounds; nine of
    ten such clips of speakers whom the model does not know are under 1.
    """

    status: SegmentStatus
    emotion: str = UNKNOWN
    confidence: float | None = None
    scores: Scores | None = None
    reason: FailureCode | None = None
    p_values: Scores | None = None
    unfamiliarity: float | None = None

    @classmethod
    def scored(
        cls, scores: Scores, p_values: Scores | None = None, unfamiliarity: float | None = None
    ) -> SegmentOutcome:
        """Make the outcome of a segment from its scores, probabilities by emotion."""
        emotion = max(scores, key=scores.__getitem__)
        return cls(SegmentStatus.OK, emotion, scores[emotion], scores, None, p_values, unfamiliarity)

    @classmethod
    def skipped(cls, reason: FailureCode) -> SegmentOutcome:
        """Make the outcome of a segment that could not be scored."""
        return cls(SegmentStatus.SKIPPED, reason=reason)


def emotion_set(scores: Scores, p_values: Scores, probability: float) -> list[str]:
    """Return the emotions of which one is the true one with this probability, the highest score first.

    Of speech like the calibration data that holds for each true emotion by itself (split conformal prediction by class:
    Vovk 2012, arXiv:1209.2673). The model's answer is always among them, so that no set is empty.
    """
    ranked = sorted(scores, key=scores.__getitem__, reverse=True)
    return [name for place, name in enumerate(ranked) if place == 0 or p_values.get(name, 1.0) > 1 - probability]


PENDING = SegmentOutcome(SegmentStatus.PENDING)


@dataclass(frozen=True, slots=True)
class Correction:
    """The emotion of a segment according to a person. It changes no score.

    `key_id` is the id of the API key that it was sent with, None without one.
    """

    emotion: str
    comment: str | None
    corrected_at: datetime
    key_id: str | None = None


@dataclass(frozen=True, slots=True)
class SegmentResult:
    """A segment with its outcome, and its correction if there is one.

    `replaced` is the model's own outcome where `outcome` has the emotion of the correction. `speaker` is the number of
    the speaker, None where speakers are not told apart.
    """

    segment: Segment
    outcome: SegmentOutcome
    correction: Correction | None = None
    replaced: SegmentOutcome | None = None
    speaker: int | None = None

    @property
    def ok(self) -> bool:
        """Whether the segment was scored."""
        return self.outcome.status is SegmentStatus.OK

    @property
    def flags(self) -> tuple[SegmentFlag, ...]:
        """The flags of the segment, and `unfamiliar` where its sound is."""
        unfamiliar = self.outcome.unfamiliarity is not None and self.outcome.unfamiliarity > 1
        return (*self.segment.flags, SegmentFlag.UNFAMILIAR) if unfamiliar else self.segment.flags

    @property
    def trusted(self) -> bool:
        """Whether findings and alerts may rest on it: it has no unreliable flag.

        A corrected segment may be unfamiliar to the model, as its answer is a person's.
        """
        return UNRELIABLE_FLAGS.isdisjoint(self.segment.flags if self.replaced else self.flags)

    @property
    def reliable(self) -> bool:
        """Whether a superlative, such as "at its strongest", may rest on it: enough speech, and no unreliable flag."""
        return self.segment.speech >= RELIABLE_SPEECH and self.trusted

    @property
    def effective_scores(self) -> Scores:
        """The scores that findings rest on: the model's, or 1 for the emotion that a person heard; empty if skipped."""
        return {self.outcome.emotion: 1.0} if self.replaced else self.outcome.scores or {}

    def emotion_set(self, probability: float | None) -> list[str] | None:
        """Return the emotions of which one is the true one with this probability; None without one to reach or to know.

        A corrected segment has the emotion that a person heard alone.
        """
        outcome = self.outcome
        if probability is None or outcome.scores is None or outcome.p_values is None:
            return None
        return [outcome.emotion] if self.replaced else emotion_set(outcome.scores, outcome.p_values, probability)

    @property
    def model_outcome(self) -> SegmentOutcome:
        """The outcome according to the model, whatever people say."""
        return self.replaced or self.outcome


def mostly_unfamiliar(analysed: Collection[SegmentResult]) -> bool:
    """Return whether over half of the analysed speech is unfamiliar to the model, and not corrected by people."""
    guessed = (each for each in analysed if SegmentFlag.UNFAMILIAR in each.flags and not each.replaced)
    return 2 * sum(each.segment.speech for each in guessed) > sum(each.segment.speech for each in analysed)


def apply_corrections(results: Iterable[SegmentResult]) -> list[SegmentResult]:
    """Return the segments as people corrected them: a scored one has the emotion of its correction.

    The scores stay the model's, and the confidence is its score of that emotion, 0 for one that it does not know. A
    skipped segment has no scores and stays as it is.
    """
    corrected: list[SegmentResult] = []
    for result in results:
        outcome, correction = result.outcome, result.correction
        if result.ok and correction:
            confidence = (outcome.scores or {}).get(correction.emotion, 0.0)
            answer = replace(outcome, emotion=correction.emotion, confidence=confidence)
            result = replace(result, outcome=answer, replaced=outcome)
        corrected.append(result)
    return corrected
