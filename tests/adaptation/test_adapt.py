"""Heads on made-up embeddings, of which the best answer is known, and on the network of `mini`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy.special import softmax

from adaptation.adapt import adapt
from adaptation.errors import NotAdaptable
from adaptation.fit_calibration import LeftOutAnswers, calibrate, fit_familiarity, tempered_scores
from adaptation.hear_clips import read_corrections
from adaptation.labelled_sound import LabelledClip, LabelledSound, split_by_unit
from shared.container import Services
from shared.domain.segment import emotion_set
from tests.support.command_line import emoline
from tests.support.infer import FakeModel, prepared
from tests.support.media.speech import speech_like
from worker.adapters.emotion2vec.calibration import Calibration
from worker.adapters.emotion2vec.head import Head
from worker.adapters.emotion2vec.model import Emotion2vecModel
from worker.adapters.emotion2vec.model_directory import BUNDLED, check_base
from worker.pipeline.errors import ModelUnavailable
from worker.stages.finish import FinishStage
from worker.stages.infer import InferStage

BASE = ("angry", "happy", "sad")
LABELS = ("annoyed", "happy", "sad")
DIM = 6


def labelled(count: int, seed: int = 0, spread: float = 0.7, labels: tuple[str, ...] = LABELS) -> LabelledSound:
    """Clips of 12 speakers, whose labels are directions of their embeddings; the base's outputs say nothing."""
    rng = np.random.default_rng(seed)
    voices = rng.normal(0, 0.3, (12, DIM))
    clips = []
    for number in range(count):
        label, unit = number % len(labels), int(rng.integers(12))
        embedding = voices[unit] + np.eye(DIM)[label] + rng.normal(0, spread, DIM)
        clips.append(LabelledClip(labels[label], f"speaker {unit}", embedding, rng.normal(0, 1, len(BASE))))
    return LabelledSound.from_clips(clips)


def test_a_head_that_learnt_something_is_better_on_speakers_of_whom_it_learnt_nothing() -> None:
    adaptation = adapt(labelled(180), BASE, "made up")
    assert adaptation.better
    assert adaptation.old.uar < 0.45 < 0.5 < adaptation.new.low
    assert adaptation.shared_labels == ("happy", "sad")
    fresh = labelled(600, seed=1)
    answered = adaptation.head.logits(fresh.base_logits, fresh.embeddings).argmax(axis=1)
    assert (answered == fresh.label).mean() > 0.65


def test_labels_without_a_meaning_make_no_better_head() -> None:
    sound = labelled(60)
    shuffled = np.random.default_rng(2).permutation(sound.label)
    meaningless = LabelledSound(sound.labels, sound.units, shuffled, sound.unit, sound.embeddings, sound.base_logits)
    assert not adapt(meaningless, BASE, "made up").better


@pytest.mark.parametrize(
    ("sound", "message"),
    [
        (labelled(30, labels=("sad",)), "only one label, sad"),
        (labelled(9), "too few are of annoyed \\(3\\), happy \\(3\\), sad \\(3\\)"),
        (
            LabelledSound.from_clips([LabelledClip(label, "one", np.ones(2), np.ones(3)) for label in LABELS * 6]),
            "annoyed, happy, sad has one",
        ),
    ],
)
def test_too_little_to_learn_from_is_said(sound: LabelledSound, message: str) -> None:
    with pytest.raises(NotAdaptable, match=message):
        adapt(sound, BASE, "made up")


def test_no_unit_is_in_two_folds() -> None:
    unit = np.array([0] * 50 + [1] * 3 + [2] * 3 + [3] * 44)
    folds = split_by_unit(unit, 3)
    assert np.sum(folds, axis=0).tolist() == [1] * 100
    assert sorted(int(fold.sum()) for fold in folds) == [6, 44, 50]
    assert len(split_by_unit(unit, 9)) == 4


def test_sets_hold_the_true_emotion_as_often_as_they_promise_for_each_emotion(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)

    def draw(count: int) -> LeftOutAnswers:
        label = rng.integers(3, size=count)
        logits = 1.5 * np.eye(3)[label] + rng.normal(0, 1, (count, 3)) + np.array([1.0, 0.0, -1.0])
        return LeftOutAnswers(logits, label, np.where(rng.random(count) < 0.3, 1.4, 0.7), np.ones(count))

    calibrating, fresh = draw(4_000), draw(4_000)
    familiarity, _ = fit_familiarity(rng.normal(size=(200, 4)), np.arange(200) % 10)
    calibrate("made up", BASE, familiarity, calibrating).write(tmp_path, {})
    calibration = Calibration.read(tmp_path, BASE)
    assert calibration
    scores = tempered_scores(fresh.logits, fresh.unfamiliarity, calibration.temperature).astype(np.float32)
    p_values = calibration.clips.p_values(scores, fresh.unfamiliarity <= 1)
    for probability in (0.8, 0.9):
        sets = [
            emotion_set(dict(zip(BASE, own_scores, strict=True)), dict(zip(BASE, own, strict=True)), probability)
            for own_scores, own in zip(scores.tolist(), p_values.tolist(), strict=True)
        ]
        holds = np.array([BASE[label] in each for label, each in zip(fresh.label, sets, strict=True)])
        assert holds.mean() > probability - 0.03
        assert all(holds[fresh.label == label].mean() > probability - 0.04 for label in range(3))
        assert np.mean([len(each) for each in sets]) < 2.6
    with pytest.raises(ModelUnavailable, match="other labels"):
        Calibration.read(tmp_path, ("a", "b", "c"))


def test_scores_are_flatter_the_less_familiar_a_clip_is() -> None:
    rng = np.random.default_rng(4)
    embeddings = rng.normal(size=(300, 5))
    familiarity, unfamiliarity = fit_familiarity(embeddings, np.arange(300) % 10)
    label = rng.integers(3, size=300)
    # Right ever less often, and as sure as ever.
    right = rng.random(300) > 0.5 * unfamiliarity
    logits = 2 * np.eye(3)[np.where(right, label, (label + 1) % 3)]
    calibration = calibrate("made up", BASE, familiarity, LeftOutAnswers(logits, label, unfamiliarity, np.ones(300)))
    assert (unfamiliarity > 1).mean() == pytest.approx(0.1, abs=0.01)
    divisors = calibration.temperature.divisors(np.linspace(0, 2, 50, dtype=np.float32))
    assert (np.diff(divisors) >= 0).all()
    assert divisors[0] < 1 < divisors[-1]
    sound = {
        "frames": np.array([2, 1]),
        "logits": np.array([[3, 0, 0], [1, 0, 0], [2, 0, 0]], np.float32),
        "scores": softmax(np.array([[2, 0, 0], [2, 0, 0]], np.float32), axis=1),
        "embeddings": np.stack([np.zeros(5), np.full(5, 9.0)]).astype(np.float32),
    }
    near, far = 0, 1
    calibrated = calibration.apply(sound)
    assert calibrated["scores"][near].max() > sound["scores"][near].max()
    assert 1 / 3 < calibrated["scores"][far].max() < 0.6
    for clip, frames in ((near, [0, 1]), (far, [2])):
        logits = calibrated["logits"][frames].mean(axis=0)
        assert calibrated["scores"][clip] == pytest.approx(softmax(logits), abs=1e-6)
    assert calibrated["unfamiliarity"][near] < 1 < calibrated["unfamiliarity"][far]


def test_a_head_over_a_head_is_one_over_the_network() -> None:
    rng = np.random.default_rng(5)
    first = Head(rng.normal(size=(3, 4)), rng.normal(size=(3, 5)), rng.normal(size=3))
    second = Head(rng.normal(size=(2, 3)), rng.normal(size=(2, 5)), rng.normal(size=2))
    logits, embeddings = rng.normal(size=(7, 4)), rng.normal(size=(7, 5))
    expected = second.logits(first.logits(logits, embeddings), embeddings)
    np.testing.assert_allclose(second.over(first).logits(logits, embeddings), expected)


def test_corrections_of_a_service_are_labelled_sound(services: Services) -> None:
    job_id = prepared(services, 3)
    InferStage(services, FakeModel()).run_once()
    FinishStage(services).run_once()
    services.corrections.correct(job_id, 0, "sad", None)
    services.corrections.correct(job_id, 2, "other", "bored")
    first, second = read_corrections(services, None, {"other": "bored"})
    assert [(clip.label, clip.unit) for clip in (first, second)] == [("sad", f"{job_id} 0"), ("bored", f"{job_id} 0")]
    assert [len(clip.segments[0]) for clip in (first, second)] == [16_000, 48_000]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clips of four speakers; `fast` ones are played at one and a half times the speed."""
    clips = tmp_path_factory.mktemp("clips")
    lines = ["file,emotion,speaker"]
    for number in range(24):
        label, rate = ("fast", 24_000) if number % 2 else ("slow", 16_000)
        samples = speech_like(2.5, seed=number, pauses=[]).samples
        soundfile.write(clips / f"{number}.wav", samples, rate)
        lines.append(f"{number}.wav,{label},{number // 6}")
    (clips / "labels.csv").write_text("\n".join(lines), encoding="utf-8")
    return clips


def test_a_head_is_a_model_that_names_its_base(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "head"
    completed = emoline("adapt", folder, "--out", out, "--force")
    assert completed.returncode == 0, completed.stderr
    report = json.loads((out / "adaptation.json").read_text(encoding="utf-8"))
    assert (report["labels"], report["units"], report["clips"]) == (["fast", "slow"], 4, {"slow": 12, "fast": 12})
    assert "does not have fast, slow" in (out / "adaptation.md").read_text(encoding="utf-8")
    samples, _ = soundfile.read(folder / "0.wav", dtype="int16")
    with Emotion2vecModel(str(out), segment_timeout_s=60) as model:
        info = model.info
        [[prediction]] = model.predict([[samples]])
    source = f"24 labelled clips of {folder.name}"
    assert (info.id, info.labels, info.calibration) == ("emoline/mini+head", ("fast", "slow"), source)
    # The base has none of the labels, so that the head is a matrix on the embedding alone.
    logits = Head.read(out).logits(np.zeros(7), prediction.embedding.astype(np.float64)) / report["temperature"]
    calibration = Calibration.read(out, info.labels)
    assert calibration
    divisor = calibration.temperature.divisors(np.array([prediction.unfamiliarity], np.float32))[0]
    np.testing.assert_allclose(prediction.logits.mean(axis=0), logits / divisor, rtol=1e-3, atol=1e-3)
    assert list(prediction.scores.values()) == pytest.approx(softmax(logits / divisor).tolist(), abs=1e-3)
    check_base(out, BUNDLED / "mini")
    about = json.loads((out / "configuration.json").read_text(encoding="utf-8"))
    about["emoline"]["base"]["sha256"] = "0" * 64
    (out / "configuration.json").write_text(json.dumps(about), encoding="utf-8")
    with pytest.raises(ModelUnavailable, match="made for another mini"):
        check_base(out, BUNDLED / "mini")
