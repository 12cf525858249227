"""The findings of a report, as data: phases, changes, key segments, gaps. Pure; times are samples at 16 kHz."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from shared.domain.emotion import UNKNOWN
from shared.domain.facts import WorstMinute
from shared.domain.failure import FailureCode
from shared.domain.segment import Segment, SegmentFlag, SegmentResult
from shared.domain.timeline import Result, TimelineEntry, confident
from shared.findings.curve import Curve, compute_curve
from shared.findings.phases import Change, Phase
from shared.findings.recording_findings import RecordingFindings
from shared.findings.time_account import TimeAccount

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
    segments by flag, `worst_minutes` the worst minute by channel.
    """

    scored_segments: tuple[SegmentResult, ...]
    curve: Curve
    phases: tuple[Phase, ...]
    changes: tuple[Change, ...]
    worst_minutes: Mapping[int, WorstMinute]
    key_segments: tuple[KeySegment, ...]
    time: TimeAccount
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
        """Return the share of the analysed speech that is `unknown` with a confidence under `min_confidence`."""
        total = under = 0
        for scored in self.scored_segments:
            total += scored.segment.speech
            if scored.outcome.emotion == UNKNOWN and (scored.outcome.confidence or 0) < min_confidence:
                under += scored.segment.speech
        return under / total if total else 0.0


def collect_findings(result: Result) -> Findings:
    """Collect the findings of a result."""
    scored_segments = confident(result.segments, result.min_confidence)
    skipped: dict[FailureCode, list[Segment]] = defaultdict(list)
    for segment_result in result.segments:
        if not segment_result.ok and segment_result.outcome.reason:
            skipped[segment_result.outcome.reason].append(segment_result.segment)
    flag_counts = Counter(flag for scored in scored_segments for flag in scored.flags)
    findings = RecordingFindings.from_result(result)
    return Findings(
        scored_segments=tuple(scored_segments),
        curve=compute_curve(findings.channels, result.duration),
        phases=findings.phases,
        changes=findings.changes,
        worst_minutes=findings.worst_minutes,
        key_segments=tuple(key_segments(result, scored_segments)),
        time=TimeAccount.from_result(result),
        gaps=tuple(Gap(reason, tuple(segments)) for reason, segments in skipped.items()),
        unsegmented_speech=result.coverage.speech - sum(each.segment.speech for each in result.segments),
        flags=tuple((flag, flag_counts[flag]) for flag in SegmentFlag if flag_counts[flag]),
    )


def key_segments(result: Result, scored_segments: Sequence[SegmentResult]) -> Iterator[KeySegment]:
    """Yield each segment that should be listened to once, in order of time.

    A long timeline entry is heard at its segment with the highest confidence, a reliable one if it has any.
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
        best = max(inside, key=lambda scored: (scored.reliable, _confidence(scored)))
        reasons[best.segment.index].append(Reason(ReasonKind.LONGEST, entry))
    reliable = [scored for scored in scored_segments if scored.reliable]
    for scored in sorted(reliable, key=_confidence)[:_LEAST_CERTAIN_SEGMENTS]:
        reasons[scored.segment.index].append(Reason(ReasonKind.UNSURE))
    for index in sorted(reasons):
        yield KeySegment(by_index[index], tuple(reasons[index]))


def _confidence(scored: SegmentResult) -> float:
    confidence = scored.outcome.confidence
    assert confidence is not None  # an analysed segment has one
    return confidence
