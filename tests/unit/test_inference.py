from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pytest

from shared.domain.emotion import ModelInfo
from shared.domain.failure import FailureCode
from shared.domain.segment import SegmentOutcome, SegmentStatus
from worker.pipeline.errors import ModelCrash, ModelOutOfMemory, ModelTimeout, ModelUnavailable, PipelineError
from worker.pipeline.inference import Inference, infer
from worker.pipeline.ports import Prediction, Samples

HAPPY = {"happy": 0.75, "sad": 0.25}
LOGITS = np.log(np.array([[0.75, 0.25]], np.float32))
GOOD = np.arange(16_000, dtype=np.int16)
POISON = np.full(16_000, 666, np.int16)
POISON[1:] = GOOD[1:]


class PoisonableModel:
    """`worker.pipeline.ports.EmotionModel` that answers HAPPY, but fails on any batch with POISON in it."""

    info = ModelInfo("test", None, "00", ("happy", "sad"))
    batch = 8 * len(GOOD)
    samples_per_s = 0.0

    def __init__(self, error: type[PipelineError], logits: np.typing.NDArray[np.float32] = LOGITS) -> None:
        self._error = error
        self._prediction = Prediction(HAPPY, logits, np.zeros(4, np.float32))
        self.batches: list[int] = []

    def predict(
        self, batches: Iterable[Sequence[Samples]], *, frame_embeddings: bool = False
    ) -> Iterator[list[Prediction]]:
        for clips in batches:
            self.batches.append(len(clips))
            if any(clip[0] == 666 for clip in clips):
                raise self._error
            yield [self._prediction] * len(clips)


class LittleMemoryModel(PoisonableModel):
    """A model with memory for three clips at once."""

    def predict(
        self, batches: Iterable[Sequence[Samples]], *, frame_embeddings: bool = False
    ) -> Iterator[list[Prediction]]:
        for clips in batches:
            self.batches.append(len(clips))
            if len(clips) > 3:
                self.batch = sum(map(len, clips)) // 2
                raise ModelOutOfMemory
            yield [self._prediction] * len(clips)


def outcomes(model: PoisonableModel, clips: Sequence[Samples]) -> list[SegmentOutcome]:
    return [inference.outcome for inference in infer(model, clips)]


@pytest.mark.parametrize(("error", "reason"), [(ModelTimeout, FailureCode.TIMEOUT), (ModelCrash, FailureCode.CRASH)])
@pytest.mark.parametrize("at", [0, 7, 31])
def test_a_poison_clip_alone_is_skipped_and_its_batch_is_scored_clip_by_clip(
    error: type[PipelineError], reason: FailureCode, at: int
) -> None:
    clips = [GOOD] * 32
    clips[at] = POISON
    model = PoisonableModel(error)
    results = outcomes(model, clips)
    assert results[at] == SegmentOutcome.skipped(reason)
    assert [o.emotion for i, o in enumerate(results) if i != at] == ["happy"] * 31
    assert model.batches == [8] * (at // 8 + 1) + [1] * (32 - at // 8 * 8)


def test_a_batch_holds_no_more_sound_than_the_model_likes_or_one_clip() -> None:
    model = PoisonableModel(ModelCrash)
    assert len(outcomes(model, [GOOD] * 11 + [np.tile(GOOD, 9)] + [GOOD[:8000]] * 17)) == 29
    assert model.batches == [8, 3, 1, 16, 1]


def test_too_little_memory_makes_the_batches_smaller_and_blames_no_clip() -> None:
    model = LittleMemoryModel(ModelCrash)
    assert [outcome.emotion for outcome in outcomes(model, [GOOD] * 10)] == ["happy"] * 10
    assert model.batches == [8, 4, 2, 2, 2, 2, 2]


def test_a_clip_without_a_frame_or_a_sound_is_bad_audio_and_never_sent() -> None:
    model = PoisonableModel(ModelCrash)
    results = outcomes(model, [GOOD[:399], GOOD[:400], GOOD[:0], np.full(16_000, 7, np.int16)])
    assert [outcome.reason for outcome in results] == [FailureCode.BAD_AUDIO, None, *[FailureCode.BAD_AUDIO] * 2]
    assert model.batches == [1]


def test_scores_that_are_not_numbers_are_bad_audio() -> None:
    (results,) = infer(PoisonableModel(ModelCrash, np.array([[np.nan, 0.5]], np.float32)), [GOOD])
    assert results.outcome == SegmentOutcome.skipped(FailureCode.BAD_AUDIO)
    assert results.prediction is None


def test_a_model_that_cannot_run_is_not_blamed_on_the_clips() -> None:
    with pytest.raises(ModelUnavailable):
        infer(PoisonableModel(ModelUnavailable), [POISON])


def test_the_emotion_is_the_highest_score_and_the_confidence_its_value() -> None:
    (outcome,) = outcomes(PoisonableModel(ModelCrash), [GOOD])
    assert (outcome.status, outcome.emotion, outcome.confidence) == (SegmentStatus.OK, "happy", 0.75)


def test_only_the_chosen_emotions_share_the_scores() -> None:
    logits = np.log(np.array([[0.5, 0.25, 0.25], [0.2, 0.2, 0.6]], np.float32))
    prediction = Prediction({"happy": 0.35, "sad": 0.25, "angry": 0.4}, logits, np.zeros(4, np.float32))
    inference = Inference.from_prediction(prediction)
    assert inference.among(None) is inference
    chosen = inference.among(("sad", "happy", "bored"))
    assert chosen.prediction
    assert chosen.outcome.scores == pytest.approx({"happy": 0.5858, "sad": 0.4142}, abs=1e-4)
    assert (chosen.outcome.emotion, list(chosen.prediction.scores)) == ("happy", ["happy", "sad"])
    assert chosen.prediction.logits.tolist() == logits[:, :2].tolist()
    assert inference.among(("bored",)).outcome == SegmentOutcome.skipped(FailureCode.EMOTIONS_MISSING)
