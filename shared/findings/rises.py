"""Stretches in which a speaker shows more of an emotion than usual, by the speaker's own scores in the recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from shared.domain.baseline import scores_of, weighted_median
from shared.domain.emotion import NOT_EMOTIONS
from shared.domain.recording import SAMPLE_RATE
from shared.domain.segment import SegmentResult
from shared.domain.timeline import Result

LEAST_RISE = 0.25
"""The least difference from the usual score."""

LEAST_DEVIATIONS = 2.0
_DEVIATION = 1.4826
"""The standard deviation of a normal distribution whose median absolute deviation is 1."""

LEAST_SPEECH = 5 * SAMPLE_RATE
"""The least speech in a rise, in samples."""

_NOT_RISING = {*NOT_EMOTIONS, "neutral"}


@dataclass(frozen=True, slots=True)
class Rise:
    """A stretch [start, end) of a channel with more of an emotion than usual.

    `start`, `end` and `speech`, how much of it is speech, are in samples. `score` is the mean in its segments, weighted
    by their speech, and `usual` the median of the channel.
    """

    channel: int
    emotion: str
    start: int
    end: int
    speech: int
    score: float
    usual: float

    @property
    def strength(self) -> float:
        """By how much the score exceeds the usual one, times the speech: the order of importance of rises."""
        return (self.score - self.usual) * self.speech


def find_rises(result: Result) -> tuple[Rise, ...]:
    """Find the rises in the analysed segments of a recording, in order of channel and start."""
    in_order = sorted((each for each in result.segments if each.ok), key=lambda each: each.segment.start)
    rises: list[Rise] = []
    for channel in result.summary.by_channel:
        analysed = [each for each in in_order if each.segment.channel == channel.channel]
        trusted = [place for place, each in enumerate(analysed) if each.trusted]
        for emotion, usual in (channel.usual_scores or {}).items():
            if emotion not in _NOT_RISING:
                rises += rises_of_emotion(analysed, trusted, emotion, usual)
    return tuple(sorted(rises, key=lambda rise: (rise.channel, rise.start)))


def rises_of_emotion(
    analysed: Sequence[SegmentResult], trusted: Sequence[int], emotion: str, usual: float
) -> list[Rise]:
    """Find the rises of an emotion in the analysed segments of one channel, in order of time.

    A rise is a run of segments whose scores exceed the usual one by `LEAST_RISE`, and by two robust standard deviations
    where the scores vary a lot. Segments with an unreliable flag are passed over: `trusted` are the places of the
    others.
    """
    scores = scores_of(analysed, [emotion])
    deviation = weighted_median([abs(score - usual) for score in scores], [each.segment.speech for each in analysed])
    least = usual + max(LEAST_RISE, LEAST_DEVIATIONS * _DEVIATION * deviation)
    rises: list[Rise] = []
    for is_high, run in groupby(trusted, key=lambda place: scores[place] >= least):
        if not is_high:
            continue
        members = [(analysed[place].segment, scores[place]) for place in run]
        speech = sum(segment.speech for segment, _ in members)
        if speech >= LEAST_SPEECH:
            first, last = members[0][0], members[-1][0]
            score = sum(score * segment.speech for segment, score in members) / speech
            rises.append(Rise(first.channel, emotion, first.start, last.end, speech, score, usual))
    return rises
