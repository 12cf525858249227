"""Scores for a batch of clips, whatever one of them does to the model: halve the batch until the culprit is alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from shared.domain.emotion import Scores
from shared.domain.failure import FailureCode
from shared.domain.segment import SegmentOutcome
from worker.pipeline.errors import ModelCrash, ModelTimeout
from worker.pipeline.ports import EmotionModel, Samples

LEAST_SAMPLES = 400
"""The model's convolutions need this many to give one frame."""


def outcomes(model: EmotionModel, clips: Sequence[Samples]) -> list[SegmentOutcome]:
    """An outcome for each clip [n]: scored, or skipped with the reason.

    Raises:
        ModelUnavailable: the model is at fault, not the clips.
    """
    fit = [index for index, clip in enumerate(clips) if len(clip) >= LEAST_SAMPLES]
    found = [SegmentOutcome.skipped(FailureCode.BAD_AUDIO)] * len(clips)
    for index, outcome in zip(fit, _bisect(model, [clips[index] for index in fit]), strict=True):
        found[index] = outcome
    return found


def _bisect(model: EmotionModel, clips: Sequence[Samples]) -> list[SegmentOutcome]:
    if not clips:
        return []
    try:
        return [_outcome(scores) for scores in model.predict(clips)]
    except (ModelTimeout, ModelCrash) as error:
        if len(clips) == 1:
            reason = FailureCode.TIMEOUT if isinstance(error, ModelTimeout) else FailureCode.CRASH
            return [SegmentOutcome.skipped(reason)]
    half = len(clips) // 2
    return _bisect(model, clips[:half]) + _bisect(model, clips[half:])


def _outcome(scores: Scores) -> SegmentOutcome:
    if not np.isfinite(list(scores.values())).all():
        return SegmentOutcome.skipped(FailureCode.BAD_AUDIO)
    return SegmentOutcome.scored(scores)
