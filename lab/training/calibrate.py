"""`python -m lab.training.calibrate`: fit the calibration of the bundled checkpoint, and measure it.

Heads that were fitted without a speaker answer the clips of that speaker, as recorded and distorted, so that no figure
rests on clips that a head has learnt from. CREMA-D, which the checkpoint never heard, stands for unfamiliar speech.
"""

import argparse
import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from funasr.models.emotion2vec.model import Emotion2vec
from numpy.typing import NDArray
from scipy.signal import resample_poly
from sklearn.linear_model import RidgeClassifier
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

from adaptation.fit_calibration import (
    LeftOutAnswers,
    calibrate,
    fit_familiarity,
    fit_gaussian,
    fit_temperature,
    nonconformities,
    tempered_scores,
)
from adaptation.labelled_sound import Integers, Reals
from evaluation import metrics
from evaluation.calibration import measure_calibration
from evaluation.distortions import CONDITIONS, Condition
from evaluation.emotion_sets import PROBABILITIES
from evaluation.temperature import best_temperature
from lab.training.architecture import SAMPLE_RATE
from lab.training.dataset import LABELS, Clip, Waveform, load_clips
from lab.training.draw_weights import HiddenUnits
from lab.training.fit_head import RIDGE
from lab.training.versions import SEED, distorted
from worker.adapters.emotion2vec.calibration import NO_TEMPERATURE, Temperature
from worker.adapters.emotion2vec.network.checkpoint import load

VERSIONS = 4
"""Each clip as recorded and three times distorted; a head left out is fitted on all of them."""

MEASURED = (
    *("telephone, 8 kHz", "white noise, 10 dB", "babble, 10 dB", "reverberation, 0.5 s", "middle second"),
    *("white noise, 20 dB", "white noise, 0 dB", "babble, 20 dB", "babble, 0 dB"),
)
"""Conditions of `emoline evaluate --robustness` that are measured and calibrate nothing. The form of the temperature
was chosen with the first five in sight; the last four were measured once, at the end."""

SOURCE = (
    "EmoDB (10 German actors, each left out in turn; as recorded and distorted) and 2,008 clips of CREMA-D (78 "
    "speakers of English, by listeners' votes on the voice; ODbL 1.0)"
)
SPLITS = 10
"""Splits of CREMA-D's speakers into halves: one calibrates, the other is measured. EmoDB has as many speakers."""


@dataclass(frozen=True, eq=False)
class Answers:
    """Answers to clips [n]: logits [n, labels], true label [n], embedding [n, dim], number of the speaker [n]."""

    logits: Reals
    label: Integers
    embeddings: Reals
    speaker: Integers

    def select(self, part: slice) -> "Answers":
        """Return a part of the answers."""
        return Answers(self.logits[part], self.label[part], self.embeddings[part], self.speaker[part])


def hear(
    model: Emotion2vec, waveforms: list[Waveform], description: str
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the mean hidden units [n, hidden] and the embeddings [n, dim] of waveforms."""
    with torch.inference_mode(), HiddenUnits(model) as hidden:
        means = [hidden.mean_with_embedding(waveform) for waveform in tqdm(waveforms, desc=description)]
    return np.stack([hidden for hidden, _ in means]), np.stack([embedding for _, embedding in means])


def under_condition(clip: Clip, condition: Condition) -> Waveform:
    """Return a clip under a condition of the evaluation, at 16 kHz."""
    samples = condition.change(clip.waveform.astype(np.float64), np.random.default_rng([SEED, clip.number]))
    return np.asarray(resample_poly(samples, SAMPLE_RATE, condition.rate), dtype=np.float32)


def left_out_answers(hidden: NDArray[np.float32], embeddings: NDArray[np.float32], clips: list[Clip]) -> Answers:
    """Let heads without a speaker answer the versions of the speaker's clips, those as recorded first.

    The heads are fitted on the first `VERSIONS`, and the temperature of all is theirs.
    """
    versions = len(hidden) // len(clips)
    fitted = np.arange(len(hidden)) < VERSIONS * len(clips)
    label = np.tile([clip.label for clip in clips], versions)
    names = sorted({clip.speaker for clip in clips})
    speaker = np.tile([names.index(clip.speaker) for clip in clips], versions)
    logits = np.zeros((len(label), len(LABELS)))
    for number in tqdm(range(len(names)), desc="speakers left out"):
        left_out = speaker == number
        regression = make_pipeline(StandardScaler(), RidgeClassifier(RIDGE * VERSIONS, class_weight="balanced"))
        regression.fit(hidden[fitted & ~left_out], label[fitted & ~left_out])
        logits[left_out] = regression.decision_function(hidden[left_out])
    temperature = best_temperature(logits[fitted], label[fitted])
    return Answers(logits / temperature, label, embeddings.astype(np.float64), speaker)


def left_out_unfamiliarity(answers: Answers, known: Answers, limit: float) -> Reals:
    """Measure how unfamiliar clips are to the clips of `known` that are of other speakers."""
    distances = np.zeros(len(answers.label))
    for speaker in np.unique(answers.speaker):
        mean, whitening = fit_gaussian(known.embeddings[known.speaker != speaker])
        own = answers.speaker == speaker
        distances[own] = np.linalg.norm((answers.embeddings[own] - mean) @ whitening.T, axis=1)
    return distances / limit


def read_crema(folder: Path) -> tuple[list[Waveform], Integers, Integers]:
    """Read CREMA-D: its clips, their labels by listeners' votes on the voice (-1 for ties), and their speakers."""
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    waveforms = [soundfile.read(folder / row["file"], dtype="float32")[0] for row in rows]
    label = [LABELS.index(row["voice_vote"]) if row["voice_vote"] in LABELS else -1 for row in rows]
    names = sorted({row["speaker"] for row in rows})
    return waveforms, np.array(label), np.array([names.index(row["speaker"]) for row in rows])


def write_calibration(
    directory: Path, known: Answers, other: Answers, clips: int, conditions: dict[str, Answers]
) -> dict[str, Any]:
    """Fit the calibration, measure it, write it into the model directory, and return the figures.

    `known` are left-out answers to versions of `clips` clips, `other` those of the model to a corpus that is new to it,
    `conditions` left-out answers under the conditions that are only measured.
    """
    familiarity, unfamiliarity = fit_familiarity(known.embeddings, known.speaker)
    other_unfamiliarity = familiarity.unfamiliarity(other.embeddings.astype(np.float32)).astype(np.float64)
    answers = LeftOutAnswers(
        np.concatenate([known.logits, other.logits]),
        np.concatenate([known.label, other.label]),
        np.concatenate([unfamiliarity, other_unfamiliarity]),
        np.concatenate([np.full(len(each.label), 1 / len(each.label)) for each in (known, other)]),
    )
    calibration = calibrate(SOURCE, LABELS, familiarity, answers)
    recorded = np.arange(len(known.label)) < clips
    figures: dict[str, Any] = {
        "auroc_unfamiliar": {
            "as recorded": auroc(unfamiliarity[recorded], other_unfamiliarity),
            "as recorded and distorted": auroc(unfamiliarity, other_unfamiliarity),
        },
        "called_unfamiliar": {
            "as recorded": float((unfamiliarity[recorded] > 1).mean()),
            "distorted": float((unfamiliarity[~recorded] > 1).mean()),
            "other corpus": float((other_unfamiliarity > 1).mean()),
        },
        **measure_left_out(
            (known, unfamiliarity),
            (other, other_unfamiliarity),
            recorded,
            {
                name: (answers, left_out_unfamiliarity(answers, known, familiarity.limit))
                for name, answers in conditions.items()
            },
        ),
    }
    rounded: dict[str, Any] = json.loads(json.dumps(figures), parse_float=lambda text: round(float(text), 4))
    calibration.write(directory, rounded)
    return rounded


Heard = tuple[Answers, Reals]
"""Answers, and how unfamiliar each clip is."""


def measure_left_out(
    known_clips: Heard, other_clips: Heard, recorded: NDArray[np.bool_], conditions: dict[str, Heard]
) -> dict[str, Any]:
    """Measure ECE and coverage of speakers outside the calibration: a half of CREMA-D, one speaker of EmoDB."""
    (known, unfamiliarity), (other, other_unfamiliarity) = known_clips, other_clips
    rng = np.random.default_rng(0)
    answered: dict[str, list[tuple[Reals, Integers]]] = {}
    coverage: dict[str, list[list[tuple[float, float]]]] = {}
    for split in range(SPLITS):
        half = np.isin(other.speaker, rng.permutation(np.unique(other.speaker))[::2])
        left_out = known.speaker == split  # a speaker of EmoDB is left out of each split's calibration
        calibrating = LeftOutAnswers(
            np.concatenate([known.logits[~left_out], other.logits[half]]),
            np.concatenate([known.label[~left_out], other.label[half]]),
            np.concatenate([unfamiliarity[~left_out], other_unfamiliarity[half]]),
            np.concatenate([np.full(n, 1 / n) for n in (np.count_nonzero(~left_out), np.count_nonzero(half))]),
        )
        temperature = fit_temperature(calibrating)
        measured = {
            "as recorded": (known, unfamiliarity, recorded & left_out),
            "distorted": (known, unfamiliarity, ~recorded & left_out),
            "other corpus": (other, other_unfamiliarity, ~half),
            **{name: (answers, far, answers.speaker == split) for name, (answers, far) in conditions.items()},
        }
        for name, (answers, distance, chosen) in measured.items():
            logits, label, far = answers.logits[chosen], answers.label[chosen], distance[chosen]
            scores = tempered_scores(logits, far, temperature)
            answered.setdefault(name, []).append((scores, label))
            as_they_are = tempered_scores(logits, far, NO_TEMPERATURE)
            answered.setdefault(f"{name}, as it was", []).append((as_they_are, label))
            coverage.setdefault(name, []).append(set_figures(calibrating, temperature, scores, label, far))
    means = {name: np.mean(each, axis=0) for name, each in coverage.items()}
    return {
        "ece": {
            name: expected_calibration_error(*map(np.concatenate, zip(*parts, strict=True)))
            for name, parts in answered.items()
        },
        "sets": {
            name: {
                str(probability): {"coverage": float(held), "size": float(size)}
                for probability, (held, size) in zip(PROBABILITIES, values, strict=True)
            }
            for name, values in means.items()
        },
    }


def set_figures(
    calibrating: LeftOutAnswers, temperature: Temperature, scores: Reals, label: Integers, unfamiliarity: Reals
) -> list[tuple[float, float]]:
    """Return for each of `PROBABILITIES` the share of sets that hold the true label, and their mean size."""
    known = tempered_scores(calibrating.logits, calibrating.unfamiliarity, temperature)
    clips = nonconformities(known, calibrating.label, calibrating.unfamiliarity <= 1)
    p_values = clips.p_values(scores.astype(np.float32), unfamiliarity <= 1)
    figures: list[tuple[float, float]] = []
    for probability in PROBABILITIES:
        members = p_values > 1 - probability
        members[np.arange(len(label)), scores.argmax(axis=1)] = True
        figures.append((members[np.arange(len(label)), label].mean(), members.sum(axis=1).mean()))
    return figures


def expected_calibration_error(scores: Reals, label: Integers) -> float:
    """Return the ECE of scores [n, labels], as `emoline evaluate` has it."""
    each = np.arange(len(label))
    answers = metrics.Answers(LABELS, label, scores.argmax(axis=1), scores.max(axis=1), np.ones(len(label)), each)
    return measure_calibration(answers).ece


def auroc(low: Reals, high: Reals) -> float:
    """Return the share of pairs in which the value of `high` is the larger one."""
    return float(roc_auc_score(np.repeat([0, 1], [len(low), len(high)]), np.concatenate([low, high])))


def main() -> None:
    parser = argparse.ArgumentParser(description="Calibrate the bundled checkpoint, in some minutes.")
    parser.add_argument("--emodb", type=Path, default=Path("../shared/data/emodb"), help="EmoDB with labels.csv")
    parser.add_argument("--crema", type=Path, default=Path("../shared/data/crema-d"), help="CREMA-D with labels.csv")
    parser.add_argument("--model", type=Path, default=Path("worker/models/mini"), help="model directory to calibrate")
    arguments = parser.parse_args()
    model = load(arguments.model, len(LABELS))
    clips = load_clips(arguments.emodb)
    versions = [distorted(clip, number) for number in range(VERSIONS) for clip in clips]
    measured = [condition for condition in CONDITIONS if condition.name in MEASURED]
    versions += [under_condition(clip, condition) for condition in measured for clip in clips]
    answers = left_out_answers(*hear(model, versions, "EmoDB"), clips)
    count, first = len(clips), VERSIONS * len(clips)
    known = answers.select(slice(first))
    starts = range(first, len(versions), count)
    conditions = {
        condition.name: answers.select(slice(start, start + count))
        for condition, start in zip(measured, starts, strict=True)
    }
    waveforms, label, speaker = read_crema(arguments.crema)
    _, embeddings = hear(model, waveforms, "CREMA-D")
    voted = label >= 0
    with torch.inference_mode():
        logits = model.proj(torch.from_numpy(embeddings)).double().numpy()
    other = Answers(logits[voted], label[voted], embeddings[voted].astype(np.float64), speaker[voted])
    print(json.dumps(write_calibration(arguments.model, known, other, len(clips), conditions), indent=2))


if __name__ == "__main__":
    main()
