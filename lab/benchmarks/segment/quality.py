"""How segments compare with what is known of the recording.

- An utterance is split when one segment ends in it and the next begins in it, both more than 50 ms from its ends. It is
  split in sound unless that happens within 50 ms around one of its own pauses.
- Speech is lost when a sample of a span lies in no segment.
- Sound is kept for nothing when a sample of a segment lies in no span.

In the totals, utterances without a pause around them are left out of the splits: there is no right place to cut.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.benchmarks.segment.clips import Span
from lab.benchmarks.segment.recording import Condition, Stretch, Truth, Utterance
from shared.domain.recording import SAMPLE_RATE, from_ms

_TOLERANCE = from_ms(50)

_Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Tally:
    """`speech`, `lost` (of it), `kept` and `not_speech` (of what was kept) in samples."""

    utterances: int = 0
    split: int = 0
    split_in_sound: int = 0
    speech: int = 0
    lost: int = 0
    kept: int = 0
    not_speech: int = 0

    @property
    def split_share(self) -> float:
        return self.split / max(1, self.utterances)

    @property
    def lost_share(self) -> float:
        return self.lost / max(1, self.speech)

    @property
    def not_speech_share(self) -> float:
        return self.not_speech / max(1, self.kept)

    def document(self) -> dict[str, Any]:
        shares = {name: getattr(self, name) for name in ("split_share", "lost_share", "not_speech_share")}
        return asdict(self) | shares


@dataclass(frozen=True, slots=True)
class Quality:
    """Of all segments of a recording; the lengths are in seconds."""

    total: Tally
    by_condition: dict[Condition, Tally]
    segments: int
    shortest_s: float
    longest_s: float

    @classmethod
    def of(cls, truth: Truth, segments: Sequence[Span]) -> Quality:
        """`segments` in order, none over the other."""
        by_condition = _tallies(truth, segments)
        lengths = [(end - start) / SAMPLE_RATE for start, end in segments] or [0.0]
        return cls(_total(by_condition), by_condition, len(segments), min(lengths), max(lengths))

    def document(self) -> dict[str, Any]:
        return self.total.document() | {
            "segments": self.segments,
            "shortest_s": self.shortest_s,
            "longest_s": self.longest_s,
            "by_condition": {condition: tally.document() for condition, tally in self.by_condition.items()},
        }


def splits(utterances: Iterable[Utterance], segments: Sequence[Span]) -> list[tuple[Utterance, Span]]:
    """The utterances that are split, each with the first gap in it: from the end of a segment to the next, maybe
    nothing."""
    ends = np.array([end for _, end in segments[:-1]])
    starts = np.array([start for start, _ in segments[1:]])
    found = []
    for utterance in utterances:
        inside = (ends > utterance.start + _TOLERANCE) & (starts < utterance.end - _TOLERANCE)
        if inside.any():
            first = int(np.argmax(inside))
            found.append((utterance, (int(ends[first]), int(starts[first]))))
    return found


def in_sound(utterance: Utterance, gap: Span) -> bool:
    """Whether a gap in an utterance is elsewhere than in one of its own pauses."""
    return not any(
        before[1] - _TOLERANCE <= gap[0] and gap[1] <= after[0] + _TOLERANCE
        for before, after in pairwise(utterance.spans)
    )


def lost(utterance: Utterance, segments: Sequence[Span]) -> int:
    """Samples of its speech that lie in no segment."""
    return sum(
        end - start - sum(max(0, min(end, last) - max(start, first)) for first, last in segments)
        for start, end in utterance.spans
    )


def _tallies(truth: Truth, segments: Sequence[Span]) -> dict[Condition, Tally]:
    spoken = _mask((span for utterance in truth.utterances for span in utterance.spans), truth.duration)
    kept = _mask(segments, truth.duration)
    found: dict[Condition, list[Tally]] = defaultdict(list)
    for stretch in truth.stretches:
        here = slice(stretch.start, stretch.end)
        found[stretch.condition].append(_tally(stretch, segments, spoken[here], kept[here]))
    return {condition: _sum(tallies) for condition, tallies in found.items()}


def _tally(stretch: Stretch, segments: Sequence[Span], spoken: _Mask, kept: _Mask) -> Tally:
    split = splits(stretch.utterances, segments)
    return Tally(
        utterances=len(stretch.utterances),
        split=len(split),
        split_in_sound=sum(in_sound(utterance, gap) for utterance, gap in split),
        speech=int(spoken.sum()),
        lost=int((spoken & ~kept).sum()),
        kept=int(kept.sum()),
        not_speech=int((kept & ~spoken).sum()),
    )


def _total(by_condition: dict[Condition, Tally]) -> Tally:
    whole = _sum(by_condition.values())
    fair = _sum(tally for condition, tally in by_condition.items() if condition is not Condition.NO_PAUSE)
    return Tally(
        fair.utterances, fair.split, fair.split_in_sound, whole.speech, whole.lost, whole.kept, whole.not_speech
    )


def _sum(tallies: Iterable[Tally]) -> Tally:
    return Tally(*map(sum, zip(*(asdict(tally).values() for tally in tallies), strict=True)))


def _mask(spans: Iterable[Span], duration: int) -> _Mask:
    mask = np.zeros(duration, np.bool_)
    for start, end in spans:
        mask[start:end] = True
    return mask
