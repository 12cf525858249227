"""The usual scores of a speaker: what a channel's own scores are compared with."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import chain

from shared.domain.recording import SAMPLE_RATE
from shared.domain.segment import SegmentResult

LEAST_SEGMENTS = 5
LEAST_SPEECH = 30 * SAMPLE_RATE
"""Analysed segments of a channel, and samples of speech in them, from which anything is usual."""


def scores_of(analysed: Iterable[SegmentResult], emotions: Collection[str]) -> list[float]:
    """Return the scores of emotions in each analysed segment, added up; a corrected one has its correction's alone."""
    scores = [result.effective_scores for result in analysed]
    if len(emotions) == 1:
        (emotion,) = emotions
        return [each.get(emotion, 0.0) for each in scores]
    return [sum([each.get(emotion, 0.0) for emotion in emotions]) for each in scores]


def usual_score(analysed: Sequence[SegmentResult], emotions: Collection[str]) -> float | None:
    """Return the median of `scores_of` over the analysed segments of one channel, each weighted by its speech.

    It is None where they are too few.
    """
    speech = [result.segment.speech for result in analysed]
    if len(analysed) < LEAST_SEGMENTS or sum(speech) < LEAST_SPEECH:
        return None
    return weighted_median(scores_of(analysed, emotions), speech)


def usual_scores(analysed: Sequence[SegmentResult]) -> dict[str, float] | None:
    """Return the usual score of each emotion in a channel, None as `usual_score`."""
    # Segments of one model have the same names, so that a recording of a day has one tuple of them and not thousands.
    names = dict.fromkeys(
        tuple(scores) for result in analysed for scores in (result.outcome.scores or {}, result.effective_scores)
    )
    emotions = dict.fromkeys(chain.from_iterable(names))
    usual = {emotion: usual_score(analysed, [emotion]) for emotion in emotions}
    return {emotion: score for emotion, score in usual.items() if score is not None} or None


def weighted_median(values: Sequence[float], weights: Sequence[int]) -> float:
    """Return the least value up to which the values hold half of the weight; there must be one at least."""
    half = sum(weights) / 2
    weight_so_far = 0
    for place in sorted(range(len(values)), key=values.__getitem__):
        weight_so_far += weights[place]
        if weight_so_far >= half:
            return values[place]
    raise ValueError("no values")
