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
from sklearn.linear_model import RidgeClassifier
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

from adaptation.fit_calibration import (
    LeftOutAnswers,
    calibrate,
    fit_familiarity,
    fit_flattening,
    flattened_scores,
    nonconformities,
)
from adaptation.labelled_sound import Integers, Reals
from evaluation import metrics
from evaluation.calibration import measure_calibration
from evaluation.emotion_sets import PROBABILITIES
from evaluation.temperature import best_temperature
from lab.training.dataset import LABELS, Clip, Waveform, load_clips
from lab.training.draw_weights import HiddenUnits
from lab.training.fit_head import RIDGE
from lab.training.versions import distorted
from worker.adapters.emotion2vec.calibration import Flattening
from worker.adapters.emotion2vec.network.checkpoint import load

VERSIONS = 4
"""Each clip as recorded and three times distorted; a head left out is fitted on all of them."""

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


def hear(
    model: Emotion2vec, waveforms: list[Waveform], description: str
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the mean hidden units [n, hidden] and the embeddings [n, dim] of waveforms."""
    with torch.inference_mode(), HiddenUnits(model) as hidden:
        means = [hidden.mean_with_embedding(waveform) for waveform in tqdm(waveforms, desc=description)]
    return np.stack([hidden for hidden, _ in means]), np.stack([embedding for _, embedding in means])


def left_out_answers(hidden: NDArray[np.float32], embeddings: NDArray[np.float32], clips: list[Clip]) -> Answers:
    """Let heads without a speaker answer the versions of the speaker's clips, those as recorded first."""
    versions = len(hidden) // len(clips)
    label = np.tile([clip.label for clip in clips], versions)
    names = sorted({clip.speaker for clip in clips})
    speaker = np.tile([names.index(clip.speaker) for clip in clips], versions)
    logits = np.zeros((len(label), len(LABELS)))
    for number in tqdm(range(len(names)), desc="speakers left out"):
        left_out = speaker == number
        regression = make_pipeline(StandardScaler(), RidgeClassifier(RIDGE * versions, class_weight="balanced"))
        regression.fit(hidden[~left_out], label[~left_out])
        logits[left_out] = regression.decision_function(hidden[left_out])
    return Answers(logits / best_temperature(logits, label), label, embeddings.astype(np.float64), speaker)


def read_crema(folder: Path) -> tuple[list[Waveform], Integers, Integers]:
    """Read CREMA-D: its clips, their labels by listeners' votes on the voice (-1 for ties), and their speakers."""
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    waveforms = [soundfile.read(folder / row["file"], dtype="float32")[0] for row in rows]
    label = [LABELS.index(row["voice_vote"]) if row["voice_vote"] in LABELS else -1 for row in rows]
    names = sorted({row["speaker"] for row in rows})
    return waveforms, np.array(label), np.array([names.index(row["speaker"]) for row in rows])


def write_calibration(directory: Path, known: Answers, other: Answers, clips: int) -> dict[str, Any]:
    """Fit the calibration, measure it, write it into the model directory, and return the figures.

    `known` are left-out answers to versions of `clips` clips, `other` those of the model to a corpus that is new to it.
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
        **measure_other_half(known, unfamiliarity, other, other_unfamiliarity, recorded),
    }
    rounded: dict[str, Any] = json.loads(json.dumps(figures), parse_float=lambda text: round(float(text), 4))
    calibration.write(directory, rounded)
    return rounded


def measure_other_half(
    known: Answers, unfamiliarity: Reals, other: Answers, other_unfamiliarity: Reals, recorded: NDArray[np.bool_]
) -> dict[str, Any]:
    """Measure ECE and coverage of speakers outside the calibration: a half of CREMA-D, one speaker of EmoDB."""
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
        flattening = fit_flattening(calibrating)
        measured = {
            "as recorded": (known, unfamiliarity, recorded & left_out),
            "distorted": (known, unfamiliarity, ~recorded & left_out),
            "other corpus": (other, other_unfamiliarity, ~half),
        }
        for name, (answers, distance, chosen) in measured.items():
            logits, label, far = answers.logits[chosen], answers.label[chosen], distance[chosen]
            scores = flattened_scores(logits, far, flattening)
            answered.setdefault(name, []).append((scores, label))
            as_they_are = flattened_scores(logits, far, Flattening(0.0, 1.0))
            answered.setdefault(f"{name}, not flattened", []).append((as_they_are, label))
            coverage.setdefault(name, []).append(set_figures(calibrating, flattening, scores, label, far))
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
    calibrating: LeftOutAnswers, flattening: Flattening, scores: Reals, label: Integers, unfamiliarity: Reals
) -> list[tuple[float, float]]:
    """Return for each of `PROBABILITIES` the share of sets that hold the true label, and their mean size."""
    known = flattened_scores(calibrating.logits, calibrating.unfamiliarity, flattening)
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
    known = left_out_answers(*hear(model, versions, "EmoDB"), clips)
    waveforms, label, speaker = read_crema(arguments.crema)
    _, embeddings = hear(model, waveforms, "CREMA-D")
    voted = label >= 0
    with torch.inference_mode():
        logits = model.proj(torch.from_numpy(embeddings)).double().numpy()
    other = Answers(logits[voted], label[voted], embeddings[voted].astype(np.float64), speaker[voted])
    print(json.dumps(write_calibration(arguments.model, known, other, len(clips)), indent=2))


if __name__ == "__main__":
    main()
