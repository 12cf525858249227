from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from shared.domain.emotion import ModelInfo, Scores
from shared.domain.failure import FailureCode
from shared.domain.segment import SegmentOutcome, SegmentStatus
from worker.pipeline.errors import ModelCrash, ModelTimeout, ModelUnavailable, PipelineError
from worker.pipeline.inference import outcomes
from worker.pipeline.ports import Samples

HAPPY = {"happy": 0.75, "sad": 0.25}
GOOD = np.ones(16_000, np.int16)
POISON = np.full(16_000, 666, np.int16)


class Poisonable:
    """`worker.pipeline.ports.EmotionModel` that answers HAPPY, but fails on any batch with POISON in it."""

    info = ModelInfo("test", None, "00", ("happy", "sad"))

    def __init__(self, error: type[PipelineError], scores: Scores = HAPPY) -> None:
        self._error = error
        self._scores = scores
        self.batches: list[int] = []

    def predict(self, clips: Sequence[Samples]) -> list[Scores]:
        self.batches.append(len(clips))
        if any(clip[0] == 666 for clip in clips):
            raise self._error
        return [self._scores] * len(clips)


@pytest.mark.parametrize(("error", "reason"), [(ModelTimeout, FailureCode.TIMEOUT), (ModelCrash, FailureCode.CRASH)])
@pytest.mark.parametrize("at", [0, 7, 31])
def test_a_poison_clip_alone_is_skipped_and_its_batch_is_scored(
    error: type[PipelineError], reason: FailureCode, at: int
) -> None:
    clips = [GOOD] * 32
    clips[at] = POISON
    model = Poisonable(error)
    found = outcomes(model, clips)
    assert found[at] == SegmentOutcome.skipped(reason)
    assert [o.emotion for i, o in enumerate(found) if i != at] == ["happy"] * 31
    assert len(model.batches) == 11  # 32, then two halves of each failing batch down to the clip itself


def test_a_clip_too_short_for_the_model_is_bad_audio_and_never_sent() -> None:
    model = Poisonable(ModelCrash)
    found = outcomes(model, [GOOD[:399], GOOD[:400], GOOD[:0]])
    assert [outcome.reason for outcome in found] == [FailureCode.BAD_AUDIO, None, FailureCode.BAD_AUDIO]
    assert model.batches == [1]


def test_scores_that_are_not_numbers_are_bad_audio() -> None:
    found = outcomes(Poisonable(ModelCrash, {"happy": float("nan"), "sad": 0.5}), [GOOD])
    assert found == [SegmentOutcome.skipped(FailureCode.BAD_AUDIO)]


def test_a_model_that_cannot_run_is_not_blamed_on_the_clips() -> None:
    with pytest.raises(ModelUnavailable):
        outcomes(Poisonable(ModelUnavailable), [POISON])


def test_the_emotion_is_the_highest_score_and_the_confidence_its_value() -> None:
    (outcome,) = outcomes(Poisonable(ModelCrash), [GOOD])
    assert (outcome.status, outcome.emotion, outcome.confidence) == (SegmentStatus.OK, "happy", 0.75)
