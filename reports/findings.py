"""The findings of a report, as data: phases, turning points, key segments, gaps. Pure; times are samples at 16 kHz."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from reports.phases import Phase, find_phases
from shared.domain.emotion import UNKNOWN
from shared.domain.failure import FailureCode
from shared.domain.segment import Segment, SegmentFlag, SegmentResult
from shared.domain.timeline import Result, TimelineEntry, confident

NEUTRAL = "neutral"

_LONGEST_ENTRIES = 4
_LEAST_CERTAIN_SEGMENTS = 3


class ReasonKind(Enum):
    """The kind of reason for which a segment should be listened to."""

    STRONGEST = "strongest"
    LONGEST = "longest"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason to listen to a segment; `entry` is the timeline entry that a LONGEST segment stands for."""

    kind: ReasonKind
    entry: TimelineEntry | None = None


@dataclass(frozen=True, slots=True)
class KeySegment:
    """A segment that should be listened to, with the reasons why."""

    result: SegmentResult
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class TurningPoint:
    """The start of a phase, in samples, with the emotion of the phase before it and its own."""

    channel: int
    time: int
    emotion_before: str
    emotion_after: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Segments that were skipped for one reason, in order of time."""

    reason: FailureCode
    segments: tuple[Segment, ...]

    @property
    def speech(self) -> int:
        """The speech in these segments, in samples."""
        return sum(segment.speech for segment in self.segments)


@dataclass(frozen=True, slots=True)
class Findings:
    """The findings of a result.

    `scored_segments` are the analysed segments; those under the least confidence have the emotion `unknown`.
    `unsegmented_speech` is the detected speech that lies in no segment, in samples. `flags` has the count of scored
    segments by flag.
    """

    scored_segments: tuple[SegmentResult, ...]
    phases: tuple[Phase, ...]
    turning_points: tuple[TurningPoint, ...]
    key_segments: tuple[KeySegment, ...]
    gaps: tuple[Gap, ...]
    unsegmented_speech: int
    flags: tuple[tuple[SegmentFlag, int], ...]

    @property
    def key_indices(self) -> list[int]:
        """The indices of the key segments."""
        return [key.result.segment.index for key in self.key_segments]

    @property
    def channels(self) -> list[int]:
        """The numbers of the channels that have scored segments, in ascending order."""
        return sorted({scored.segment.channel for scored in self.scored_segments})

    def share_under(self, min_confidence: float) -> float:
        """Return the share of the analysed time whose confidence is under `min_confidence`, from 0 to 1."""
        total = under = 0
        for scored in self.scored_segments:
            total += scored.segment.duration
            if (scored.outcome.confidence or 0) < min_confidence:
                under += scored.segment.duration
        return under / total if total else 0.0


def collect_findings(result: Result, min_confidence: float) -> Findings:
    """Collect the findings of a result that was aggregated with this `min_confidence`."""
    scored_segments = confident(result.segments, min_confidence)
    by_channel: dict[int, list[SegmentResult]] = defaultdict(list)
    for scored in sorted(scored_segments, key=lambda scored: scored.segment.start):
        by_channel[scored.segment.channel].append(scored)
    phases = [phase for _, segments in sorted(by_channel.items()) for phase in find_phases(segments)]
    skipped: dict[FailureCode, list[Segment]] = defaultdict(list)
    for segment_result in result.segments:
        if not segment_result.ok and segment_result.outcome.reason:
            skipped[segment_result.outcome.reason].append(segment_result.segment)
    flag_counts = Counter(flag for scored in scored_segments for flag in scored.segment.flags)
    return Findings(
        scored_segments=tuple(scored_segments),
        phases=tuple(phases),
        turning_points=tuple(
            TurningPoint(after.channel, after.start, before.emotion, after.emotion)
            for before, after in pairwise(phases)
            if before.channel == after.channel
        ),
        key_segments=tuple(_key_segments(result, scored_segments)),
        gaps=tuple(Gap(reason, tuple(segments)) for reason, segments in skipped.items()),
        unsegmented_speech=result.coverage.speech - sum(each.segment.speech for each in result.segments),
        flags=tuple((flag, flag_counts[flag]) for flag in SegmentFlag if flag_counts[flag]),
    )


def _key_segments(result: Result, scored_segments: Sequence[SegmentResult]) -> Iterator[KeySegment]:
    """Yield each segment that should be listened to once, in order of time.

    A long timeline entry is heard at its segment with the highest confidence.
    """
    by_index = {scored.segment.index: scored for scored in scored_segments}
    reasons: dict[int, list[Reason]] = defaultdict(list)
    for peak in result.summary.peaks:
        reasons[peak.index].append(Reason(ReasonKind.STRONGEST))
    emotional = [entry for entry in result.timeline if entry.emotion not in (NEUTRAL, UNKNOWN)]
    for entry in sorted(emotional, key=lambda entry: entry.start - entry.end)[:_LONGEST_ENTRIES]:
        inside = (
            scored
            for scored in scored_segments
            if scored.segment.channel == entry.channel and entry.start <= scored.segment.start < entry.end
        )
        reasons[max(inside, key=_confidence).segment.index].append(Reason(ReasonKind.LONGEST, entry))
    for scored in sorted(scored_segments, key=_confidence)[:_LEAST_CERTAIN_SEGMENTS]:
        reasons[scored.segment.index].append(Reason(ReasonKind.UNSURE))
    for index in sorted(reasons):
        yield KeySegment(by_index[index], tuple(reasons[index]))


def _confidence(scored: SegmentResult) -> float:
    confidence = scored.outcome.confidence
    assert confidence is not None  # an analysed segment has one
    return confidence
