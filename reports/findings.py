"""What there is to say of a result, as data. Pure functions; all times are samples at 16 kHz."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from reports.phases import Phase, phases
from shared.domain.emotion import UNKNOWN
from shared.domain.failure import FailureCode
from shared.domain.segment import Segment, SegmentFlag, SegmentResult
from shared.domain.timeline import Result, TimelineEntry, confident

NEUTRAL = "neutral"

_LONGEST = 4
_UNSURE = 3


class Why(Enum):
    """Why a segment should be listened to."""

    STRONGEST = "strongest"
    LONGEST = "longest"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Reason:
    """`stretch` is the entry of the timeline that a segment stands for, if it stands for one."""

    why: Why
    stretch: TimelineEntry | None = None


@dataclass(frozen=True, slots=True)
class KeySegment:
    result: SegmentResult
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    channel: int
    at: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Segments that were skipped for one reason, in order of time."""

    reason: FailureCode
    segments: tuple[Segment, ...]

    @property
    def speech(self) -> int:
        return sum(segment.speech for segment in self.segments)


@dataclass(frozen=True, slots=True)
class Findings:
    """`voices` are the analysed segments with the emotion that they go by. `clicks` is the speech in no segment."""

    voices: tuple[SegmentResult, ...]
    phases: tuple[Phase, ...]
    turns: tuple[Turn, ...]
    key_segments: tuple[KeySegment, ...]
    gaps: tuple[Gap, ...]
    clicks: int
    flags: tuple[tuple[SegmentFlag, int], ...]

    @property
    def key_indices(self) -> list[int]:
        return [key.result.segment.index for key in self.key_segments]

    @property
    def channels(self) -> list[int]:
        return sorted({result.segment.channel for result in self.voices})


def find(result: Result, min_confidence: float) -> Findings:
    """The findings of a result that was aggregated with this `min_confidence`."""
    voices = confident(result.segments, min_confidence)
    by_channel: dict[int, list[SegmentResult]] = defaultdict(list)
    for voice in sorted(voices, key=lambda voice: voice.segment.start):
        by_channel[voice.segment.channel].append(voice)
    found = {channel: phases(own) for channel, own in sorted(by_channel.items())}
    return Findings(
        voices=tuple(voices),
        phases=tuple(phase for own in found.values() for phase in own),
        turns=tuple(turn for own in found.values() for turn in _turns(own)),
        key_segments=tuple(_key_segments(result, voices)),
        gaps=tuple(_gaps(result)),
        clicks=result.coverage.speech - sum(own.segment.speech for own in result.segments),
        flags=tuple(_flags(voices)),
    )


def _turns(own: Sequence[Phase]) -> Iterator[Turn]:
    for before, after in pairwise(own):
        yield Turn(after.channel, after.start, before.emotion, after.emotion)


def _key_segments(result: Result, voices: Sequence[SegmentResult]) -> Iterator[KeySegment]:
    """In order of time, each once."""
    by_index = {voice.segment.index: voice for voice in voices}
    reasons: dict[int, list[Reason]] = defaultdict(list)
    for peak in result.summary.peaks:
        reasons[peak.index].append(Reason(Why.STRONGEST))
    for stretch in _longest(result.timeline):
        reasons[_heart(stretch, voices).segment.index].append(Reason(Why.LONGEST, stretch))
    for voice in sorted(voices, key=_confidence)[:_UNSURE]:
        reasons[voice.segment.index].append(Reason(Why.UNSURE))
    for index in sorted(reasons):
        yield KeySegment(by_index[index], tuple(reasons[index]))


def _longest(timeline: Sequence[TimelineEntry]) -> list[TimelineEntry]:
    moved = [entry for entry in timeline if entry.emotion not in (NEUTRAL, UNKNOWN)]
    return sorted(moved, key=lambda entry: entry.start - entry.end)[:_LONGEST]


def _heart(stretch: TimelineEntry, voices: Sequence[SegmentResult]) -> SegmentResult:
    """The segment of a stretch of the timeline in which its emotion scored highest."""
    inside = (
        voice
        for voice in voices
        if voice.segment.channel == stretch.channel and stretch.start <= voice.segment.start < stretch.end
    )
    return max(inside, key=_confidence)


def _gaps(result: Result) -> Iterator[Gap]:
    skipped: dict[FailureCode, list[Segment]] = defaultdict(list)
    for found in result.segments:
        if not found.ok and found.outcome.reason:
            skipped[found.outcome.reason].append(found.segment)
    for reason, segments in skipped.items():
        yield Gap(reason, tuple(segments))


def _flags(voices: Sequence[SegmentResult]) -> Iterator[tuple[SegmentFlag, int]]:
    counts = Counter(flag for voice in voices for flag in voice.segment.flags)
    for flag in SegmentFlag:
        if counts[flag]:
            yield flag, counts[flag]


def _confidence(voice: SegmentResult) -> float:
    confidence = voice.outcome.confidence
    assert confidence is not None  # an analysed segment has one
    return confidence
