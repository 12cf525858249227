"""Phases: the stretches between the changes of a channel, each named by its most frequent emotion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from shared.domain.segment import RELIABLE_SPEECH
from shared.findings.changes import change_strengths, find_bounds
from shared.findings.channel_segments import ChannelSegments
from shared.findings.quantity import Quantity, quantity


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch [start, end) of a channel, in samples, from its first analysed segment to its last.

    `share_by_emotion` is of its analysed speech, largest first; `speech` are the samples of that. `confidence` is the
    mean over the segments of its most frequent emotion.
    """

    channel: int
    start: int
    end: int
    share_by_emotion: dict[str, float]
    speech: int
    confidence: float

    @property
    def emotion(self) -> str:
        """The most frequent emotion by speech."""
        return next(iter(self.share_by_emotion))

    @property
    def share(self) -> float:
        """The share of the most frequent emotion."""
        return self.share_by_emotion[self.emotion]

    @property
    def quantity(self) -> Quantity:
        """The word for that share."""
        return quantity(self.share, self.speech, self.confidence)


@dataclass(frozen=True, slots=True)
class Change:
    """The change from one phase to the next; `time` is the start of `after`, in samples.

    `strength` is the part of the score that is with other emotions than before, 0 to 1.
    """

    before: Phase
    after: Phase
    strength: float

    @property
    def channel(self) -> int:
        """The number of the channel."""
        return self.after.channel

    @property
    def time(self) -> int:
        """The start of the phase after the change, in samples."""
        return self.after.start

    @property
    def rising(self) -> str:
        """The emotion whose share of the speech grows most."""
        return max(
            self.after.share_by_emotion, key=lambda emotion: self.share_of(emotion)[1] - self.share_of(emotion)[0]
        )

    def share_of(self, emotion: str) -> tuple[float, float]:
        """Return the share of an emotion before and after the change."""
        return self.before.share_by_emotion.get(emotion, 0.0), self.after.share_by_emotion.get(emotion, 0.0)


def find_phases(channel: ChannelSegments) -> list[Phase]:
    """Find the phases of a channel, in order of time."""
    bounds = [*find_bounds(channel), len(channel.emotion)]
    return [_phase(channel, slice(first, last)) for first, last in pairwise(bounds)]


def find_changes(channel: ChannelSegments, phases: Iterable[Phase]) -> list[Change]:
    """Return the changes between the phases of a channel, in order of time."""
    phases = list(phases)
    bounds = np.searchsorted(channel.start, [phase.start for phase in phases]).tolist()
    weights = np.minimum(1.0, channel.speech / RELIABLE_SPEECH)
    strengths = change_strengths(channel.scores, weights, bounds).tolist()
    return [
        Change(before, after, strength) for (before, after), strength in zip(pairwise(phases), strengths, strict=True)
    ]


def _phase(channel: ChannelSegments, part: slice) -> Phase:
    emotions, confidence = np.array(channel.emotion[part]), channel.confidence[part]
    speech: Counter[str] = Counter()
    for emotion, samples in zip(channel.emotion[part], channel.speech[part].tolist(), strict=True):
        speech[emotion] += samples
    total = speech.total()
    shares = {emotion: samples / total if total else 0.0 for emotion, samples in speech.most_common()}
    return Phase(
        channel=channel.channel,
        start=int(channel.start[part][0]),
        end=int(channel.end[part].max()),
        share_by_emotion=shares,
        speech=total,
        confidence=float(confidence[emotions == next(iter(shares))].mean()),
    )
