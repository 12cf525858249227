"""Answers for clips, whatever one of them does to the model: after a failure they are tried clip by clip."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from shared.domain.failure import FailureCode
from shared.domain.segment import SegmentOutcome
from worker.pipeline.errors import ModelCrash, ModelOutOfMemory, ModelTimeout
from worker.pipeline.ports import EmotionModel, Prediction, Samples

LEAST_SAMPLES = 400
"""The model's convolutions need this many to give one frame."""


@dataclass(frozen=True, slots=True)
class Inference:
    """What came of a clip, and the model's whole answer where it was scored."""

    outcome: SegmentOutcome
    prediction: Prediction | None = None

    @classmethod
    def skipped(cls, reason: FailureCode) -> Inference:
        return cls(SegmentOutcome.skipped(reason))

    @classmethod
    def of(cls, prediction: Prediction) -> Inference:
        if not np.isfinite(prediction.logits).all():
            return cls.skipped(FailureCode.BAD_AUDIO)
        return cls(SegmentOutcome.scored(prediction.scores), prediction)


def infer(model: EmotionModel, clips: Sequence[Samples], *, frame_embeddings: bool = False) -> list[Inference]:
    """An inference for each clip [n]: scored, or skipped with the reason.

    Raises:
        ModelUnavailable: the model is at fault, not the clips.
    """
    found = [Inference.skipped(FailureCode.BAD_AUDIO)] * len(clips)
    waiting = in_batches([index for index, clip in enumerate(clips) if _analysable(clip)], clips, model.batch)
    while waiting:
        batches = [[clips[index] for index in batch] for batch in waiting]
        try:
            for predictions in model.predict(batches, frame_embeddings=frame_embeddings):
                for index, prediction in zip(waiting.popleft(), predictions, strict=True):
                    found[index] = Inference.of(prediction)
        except ModelOutOfMemory:
            waiting = in_batches([index for batch in waiting for index in batch], clips, model.batch)
        except (ModelTimeout, ModelCrash) as error:
            if len(waiting[0]) == 1:
                reason = FailureCode.TIMEOUT if isinstance(error, ModelTimeout) else FailureCode.CRASH
                found[waiting.popleft()[0]] = Inference.skipped(reason)
            else:  # the batches behind it too: a poison clip is seldom alone, and each batch would cost a deadline more
                waiting = deque([index] for batch in waiting for index in batch)
    return found


def _analysable(clip: Samples) -> bool:
    """Whether there is a frame, and a sound in it: to silence the model gives an answer like to speech."""
    return len(clip) >= LEAST_SAMPLES and bool(clip.min() != clip.max())


def in_batches(indices: Iterable[int], clips: Sequence[Samples], most: int) -> deque[list[int]]:
    """The clips in batches of at most `most` samples, or of one clip."""
    batches: deque[list[int]] = deque()
    room = 0
    for index in indices:
        if len(clips[index]) > room:
            batches.append([])
            room = most
        batches[-1].append(index)
        room -= len(clips[index])
    return batches
