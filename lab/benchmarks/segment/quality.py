"""Quality of segments, by comparison with the truth of the recording.

- An utterance is split when one segment ends in it and the next begins in it, both more than 50 ms from its ends. It is
  split in sound unless that happens within 50 ms around one of its own pauses.
- Speech is lost when a sample of a span lies in no segment.
- Sound is not speech when a sample of a segment lies in no span.

In the totals, the splits leave out utterances without a pause around them: there is no right place to cut.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.benchmarks.segment.clips import Span
from lab.benchmarks.segment.recording import Condition, Truth, Utterance
from shared.domain.recording import SAMPLE_RATE, from_ms

_TOLERANCE = from_ms(50)

_Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of utterances, and of samples: `speech` and its lost part, `kept` in segments and its non-speech part."""

    utterances: int = 0
    split: int = 0
    split_in_sound: int = 0
    speech: int = 0
    lost: int = 0
    kept: int = 0
    not_speech: int = 0

    @property
    def split_share(self) -> float:
        """Split utterances over all utterances."""
        return self.split / max(1, self.utterances)

    @property
    def lost_share(self) -> float:
        """Lost speech over all speech."""
        return self.lost / max(1, self.speech)

    @property
    def not_speech_share(self) -> float:
        """Non-speech in segments over all sound in segments."""
        return self.not_speech / max(1, self.kept)

    def document(self) -> dict[str, Any]:
        """Return a document for `json.dumps`."""
        shares = {name: getattr(self, name) for name in ("split_share", "lost_share", "not_speech_share")}
        return asdict(self) | shares


@dataclass(frozen=True, slots=True)
class Quality:
    """The quality of all segments of a recording, and their shortest and longest length in seconds."""

    total: Tally
    by_condition: dict[Condition, Tally]
    segments: int
    shortest_s: float
    longest_s: float

    @classmethod
    def from_segments(cls, truth: Truth, segments: Sequence[Span]) -> Quality:
        """Compare segments, in order and without overlap, with the truth."""
        by_condition = _tallies(truth, segments)
        lengths = [(end - start) / SAMPLE_RATE for start, end in segments] or [0.0]
        every = _sum(by_condition.values())
        fair = _sum(tally for condition, tally in by_condition.items() if condition is not Condition.NO_PAUSE)
        total = replace(every, utterances=fair.utterances, split=fair.split, split_in_sound=fair.split_in_sound)
        return cls(total, by_condition, len(segments), min(lengths), max(lengths))

    def document(self) -> dict[str, Any]:
        """Return a document for `json.dumps`."""
        return self.total.document() | {
            "segments": self.segments,
            "shortest_s": self.shortest_s,
            "longest_s": self.longest_s,
            "by_condition": {condition: tally.document() for condition, tally in self.by_condition.items()},
        }


def splits(utterances: Iterable[Utterance], segments: Sequence[Span]) -> list[tuple[Utterance, Span]]:
    """Return the split utterances, each with its first gap: from the end of a segment to the next, possibly empty."""
    ends = np.array([end for _, end in segments[:-1]])
    starts = np.array([start for start, _ in segments[1:]])
    gaps = []
    for utterance in utterances:
        inside = (ends > utterance.start + _TOLERANCE) & (starts < utterance.end - _TOLERANCE)
        if inside.any():
            first = int(np.argmax(inside))
            gaps.append((utterance, (int(ends[first]), int(starts[first]))))
    return gaps


def in_sound(utterance: Utterance, gap: Span) -> bool:
    """Return whether a gap in an utterance is outside its pauses."""
    return not any(
        before[1] - _TOLERANCE <= gap[0] and gap[1] <= after[0] + _TOLERANCE
        for before, after in pairwise(utterance.spans)
    )


def lost(utterance: Utterance, segments: Sequence[Span]) -> int:
    """Return the number of an utterance's samples of speech that lie in no segment."""
    return sum(
        end - start - sum(max(0, min(end, last) - max(start, first)) for first, last in segments)
        for start, end in utterance.spans
    )


def _tallies(truth: Truth, segments: Sequence[Span]) -> dict[Condition, Tally]:
    speech = _mask((span for utterance in truth.utterances for span in utterance.spans), truth.duration)
    segmented = _mask(segments, truth.duration)
    tallies: dict[Condition, list[Tally]] = defaultdict(list)
    for stretch in truth.stretches:
        spoken, covered = speech[stretch.start : stretch.end], segmented[stretch.start : stretch.end]
        split = splits(stretch.utterances, segments)
        tally = Tally(
            utterances=len(stretch.utterances),
            split=len(split),
            split_in_sound=sum(in_sound(utterance, gap) for utterance, gap in split),
            speech=int(spoken.sum()),
            lost=int((spoken & ~covered).sum()),
            kept=int(covered.sum()),
            not_speech=int((covered & ~spoken).sum()),
        )
        tallies[stretch.condition].append(tally)
    return {condition: _sum(values) for condition, values in tallies.items()}


def _sum(tallies: Iterable[Tally]) -> Tally:
    return Tally(*map(sum, zip(*(asdict(tally).values() for tally in tallies), strict=True)))


def _mask(spans: Iterable[Span], duration: int) -> _Mask:
    mask = np.zeros(duration, np.bool_)
    for start, end in spans:
        mask[start:end] = True
    return mask
