"""Stretches in which a speaker shows more of an emotion than usual, by the speaker's own scores in the recording."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from shared.domain.baseline import score_of, usual_score, weighted_median
from shared.domain.emotion import NOT_EMOTIONS
from shared.domain.recording import SAMPLE_RATE
from shared.domain.segment import SegmentResult

LEAST_RISE = 0.25
"""The least difference from the usual score."""

LEAST_DEVIATIONS = 2.0
_DEVIATION = 1.4826
"""The standard deviation of a normal distribution whose median absolute deviation is 1."""

LEAST_SPEECH = 5 * SAMPLE_RATE
"""The least speech in a rise, in samples."""

_CALM = "neutral"


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


def find_rises(segments: Iterable[SegmentResult]) -> tuple[Rise, ...]:
    """Find the rises in the analysed segments of a recording, in order of channel and start."""
    by_channel: dict[int, list[SegmentResult]] = defaultdict(list)
    emotions: dict[str, None] = {}
    for result in sorted(segments, key=lambda result: result.segment.start):
        if result.ok:
            by_channel[result.segment.channel].append(result)
            emotions |= dict.fromkeys(result.outcome.scores or ())
    rises = (
        rise
        for analysed in by_channel.values()
        for emotion in emotions
        if emotion not in {*NOT_EMOTIONS, _CALM}
        for rise in rises_of_emotion(analysed, emotion)
    )
    return tuple(sorted(rises, key=lambda rise: (rise.channel, rise.start)))


def rises_of_emotion(analysed: Sequence[SegmentResult], emotion: str) -> list[Rise]:
    """Find the rises of an emotion in the analysed segments of one channel, in order of time.

    A rise is a run of segments whose scores exceed the usual one by `LEAST_RISE`, and by two robust standard deviations
    where the scores vary a lot. Segments with an unreliable flag are passed over.
    """
    usual = usual_score(analysed, [emotion])
    if usual is None:
        return []
    deviations = ((abs(score_of(each, [emotion]) - usual), each.segment.speech) for each in analysed)
    least = usual + max(LEAST_RISE, LEAST_DEVIATIONS * _DEVIATION * weighted_median(deviations))
    trusted = [each for each in analysed if each.trusted]
    rises: list[Rise] = []
    for is_high, run in groupby(trusted, key=lambda each: score_of(each, [emotion]) >= least):
        members = list(run)
        speech = sum(each.segment.speech for each in members)
        if is_high and speech >= LEAST_SPEECH:
            first, last = members[0].segment, members[-1].segment
            score = sum(score_of(each, [emotion]) * each.segment.speech for each in members) / speech
            rises.append(Rise(first.channel, emotion, first.start, last.end, speech, score, usual))
    return rises
