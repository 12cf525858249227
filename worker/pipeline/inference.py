"""Score clips in batches; after the model fails on a batch, score its clips one by one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from shared.domain.failure import FailureCode
from shared.domain.segment import SegmentOutcome
from worker.pipeline.errors import ModelCrash, ModelOutOfMemory, ModelTimeout
from worker.pipeline.ports import EmotionModel, Prediction, Samples

MIN_SAMPLES = 400
"""The receptive field of one frame in the model's convolutions."""


@dataclass(frozen=True, slots=True)
class Inference:
    """The outcome of a clip, and the model's full prediction if it was scored."""

    outcome: SegmentOutcome
    prediction: Prediction | None = None

    @classmethod
    def skipped(cls, reason: FailureCode) -> Inference:
        """The inference of a clip that was not scored."""
        return cls(SegmentOutcome.skipped(reason))

    @classmethod
    def from_prediction(cls, prediction: Prediction) -> Inference:
        """The inference of a prediction; one whose logits are not finite counts as bad audio."""
        if not np.isfinite(prediction.logits).all():
            return cls.skipped(FailureCode.BAD_AUDIO)
        outcome = SegmentOutcome.scored(prediction.scores, prediction.p_values, prediction.unfamiliarity)
        return cls(outcome, prediction)

    def among(self, emotions: Collection[str] | None) -> Inference:
        """The inference with only these emotions told apart, all of them if None.

        It equals masking the other outputs before the softmax. Without any of them there is no score.
        """
        if emotions is None or self.prediction is None:
            return self
        prediction = self.prediction.among(emotions)
        return Inference.from_prediction(prediction) if prediction else Inference.skipped(FailureCode.EMOTIONS_MISSING)


def infer(
    model: EmotionModel,
    clips: Sequence[Samples],
    *,
    frame_embeddings: bool = False,
    on_start: Callable[[], object] = lambda: None,
) -> list[Inference]:
    """Score each clip [n] at 16 kHz, or skip it with a reason; the inferences are in the order of the clips.

    A clip that is too short for one frame, or is silent, is skipped as bad audio: the model scores silence like speech.
    `on_start` is called when the model takes the first batch, and again after a batch that failed.

    Raises:
        ModelUnavailable: the model is at fault, not the clips.
    """
    inferences = [Inference.skipped(FailureCode.BAD_AUDIO)] * len(clips)
    analysable = [index for index, clip in enumerate(clips) if len(clip) >= MIN_SAMPLES and clip.min() != clip.max()]
    waiting = split_into_batches(analysable, clips, model.batch)
    while waiting:
        try:
            for predictions in model.predict(_taken(clips, list(waiting), on_start), frame_embeddings=frame_embeddings):
                for index, prediction in zip(waiting.popleft(), predictions, strict=True):
                    inferences[index] = Inference.from_prediction(prediction)
        except ModelOutOfMemory:
            waiting = split_into_batches([index for batch in waiting for index in batch], clips, model.batch)
        except (ModelTimeout, ModelCrash) as error:
            if len(waiting[0]) == 1:
                reason = FailureCode.TIMEOUT if isinstance(error, ModelTimeout) else FailureCode.CRASH
                inferences[waiting.popleft()[0]] = Inference.skipped(reason)
            else:
                # All later batches are split too: poison clips seldom come alone, and each would cost another deadline.
                waiting = deque([index] for batch in waiting for index in batch)
    return inferences


def _taken(
    clips: Sequence[Samples], batches: Sequence[Sequence[int]], on_start: Callable[[], object]
) -> Iterator[list[Samples]]:
    """Yield the clips of each batch when the model takes it."""
    on_start()
    for batch in batches:
        yield [clips[index] for index in batch]


def split_into_batches(indices: Iterable[int], clips: Sequence[Samples], max_samples: int) -> deque[list[int]]:
    """Group the indices of clips [n] into batches of at most `max_samples` together; a longer clip is a batch alone."""
    batches: deque[list[int]] = deque()
    room = 0
    for index in indices:
        if len(clips[index]) > room:
            batches.append([])
            room = max_samples
        batches[-1].append(index)
        room -= len(clips[index])
    return batches
