"""The usual scores of a speaker: what a channel's own scores are compared with."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from shared.domain.recording import SAMPLE_RATE
from shared.domain.segment import SegmentResult

LEAST_SEGMENTS = 5
LEAST_SPEECH = 30 * SAMPLE_RATE
"""Analysed segments of a channel, and samples of speech in them, from which anything is usual."""


def score_of(result: SegmentResult, emotions: Collection[str]) -> float:
    """Return the scores of emotions in an analysed segment, added up."""
    scores = result.outcome.scores or {}
    return sum(scores.get(emotion, 0.0) for emotion in emotions)


def usual_score(analysed: Sequence[SegmentResult], emotions: Collection[str]) -> float | None:
    """Return the median of `score_of` over the analysed segments of one channel, each weighted by its speech.

    It is None where they are too few.
    """
    speech = [result.segment.speech for result in analysed]
    if len(analysed) < LEAST_SEGMENTS or sum(speech) < LEAST_SPEECH:
        return None
    return weighted_median(zip((score_of(result, emotions) for result in analysed), speech, strict=True))


def usual_scores(analysed: Sequence[SegmentResult]) -> dict[str, float] | None:
    """Return the usual score of each emotion in a channel, None as `usual_score`."""
    emotions = dict.fromkeys(emotion for result in analysed for emotion in result.outcome.scores or ())
    usual = {emotion: usual_score(analysed, [emotion]) for emotion in emotions}
    return {emotion: score for emotion, score in usual.items() if score is not None} or None


def weighted_median(weighted: Iterable[tuple[float, int]]) -> float:
    """Return the least value up to which the values hold half of the weight; there must be one at least."""
    ordered = sorted(weighted)
    half = sum(weight for _, weight in ordered) / 2
    weight_so_far = 0
    for value, weight in ordered:
        weight_so_far += weight
        if weight_so_far >= half:
            return value
    raise ValueError("no values")
