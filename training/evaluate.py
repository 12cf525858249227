"""Measures a checkpoint on the held-out speakers through FunASR: `python -m training.evaluate --help`."""

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from funasr import AutoModel
from numpy.typing import NDArray
from tqdm import tqdm

from training.augment import change_gain, telephone
from training.dataset import HELD_OUT_SPEAKERS, LABELS, Clip, Waveform, load_clips, of_speakers

CONDITIONS: dict[str, Callable[[Waveform], Waveform]] = {
    "as recorded": lambda waveform: waveform,
    "telephone band, 8 kHz": telephone,
    "20 dB quieter": lambda waveform: change_gain(waveform, -20.0),
}
"""How the held-out clips are heard. The first is the accuracy; the others show what a line or level costs."""


@dataclass(frozen=True)
class Report:
    """Accuracy under one condition; rates are fractions of one."""

    condition: str
    clips: int
    unweighted_average_recall: float
    recall: dict[str, float]
    recall_by_speaker: dict[str, float]
    """Unweighted average recall of each speaker's clips alone."""
    confusion: list[list[int]]
    """Clips by spoken label (row) and answered label (column), both in the order of `LABELS`."""


def evaluate(model_directory: Path, clips: list[Clip]) -> list[Report]:
    """Report on whole clips, one at a time, for each of `CONDITIONS`."""
    model = AutoModel(
        model=str(model_directory),
        device="cpu",
        ncpu=1,
        disable_update=True,
        disable_pbar=True,
        log_level="ERROR",
    )
    spoken = np.array([clip.label for clip in clips])
    speakers = np.array([clip.speaker for clip in clips])
    reports = []
    for condition, change in CONDITIONS.items():
        answers = [_answer(model, change(clip.waveform)) for clip in tqdm(clips, desc=condition)]
        reports.append(_report(condition, spoken, np.array(answers), speakers))
    return reports


def confusion_matrix(spoken: NDArray[np.int_], answered: NDArray[np.int_]) -> NDArray[np.int_]:
    """Count clips by spoken label (row) and answered label (column)."""
    confusion = np.zeros((len(LABELS), len(LABELS)), dtype=int)
    np.add.at(confusion, (spoken, answered), 1)
    return confusion


def recalls(confusion: NDArray[np.int_]) -> NDArray[np.float64]:
    """Return each label's recall, NaN for labels that nobody spoke."""
    spoken = confusion.sum(axis=1)
    return np.where(spoken > 0, np.diag(confusion) / np.maximum(spoken, 1), np.nan)


def as_text(report: Report) -> str:
    """Render a report as Markdown."""
    header = f"{report.condition}: UAR {report.unweighted_average_recall:.1%} of {report.clips} clips"
    speakers = ", ".join(f"speaker {name} {uar:.1%}" for name, uar in report.recall_by_speaker.items())
    columns = ["spoken \\ answered", *LABELS, "recall"]
    rows = [
        [label, *map(str, counts), f"{report.recall[label]:.0%}"]
        for label, counts in zip(LABELS, report.confusion, strict=True)
    ]
    table = [columns, ["---"] * len(columns), *rows]
    return "\n".join([f"{header} ({speakers})", "", *("| " + " | ".join(row) + " |" for row in table)])


def write_reports(reports: list[Report], path: Path) -> None:
    """Write the reports as a JSON list."""
    path.write_text(json.dumps([asdict(report) for report in reports], indent=2) + "\n", encoding="utf-8")


def _answer(model: AutoModel, waveform: Waveform) -> int:
    [result] = model.generate(waveform, granularity="utterance", extract_embedding=False)
    label = result["labels"][int(np.argmax(result["scores"]))]
    return LABELS.index(label.partition("/")[2])


def _report(condition: str, spoken: NDArray[np.int_], answered: NDArray[np.int_], speakers: NDArray[np.str_]) -> Report:
    confusion = confusion_matrix(spoken, answered)
    by_speaker = {
        str(speaker): confusion_matrix(spoken[speakers == speaker], answered[speakers == speaker])
        for speaker in np.unique(speakers)
    }
    return Report(
        condition=condition,
        clips=len(spoken),
        unweighted_average_recall=_average(confusion),
        recall=dict(zip(LABELS, recalls(confusion).round(4).tolist(), strict=True)),
        recall_by_speaker={speaker: _average(matrix) for speaker, matrix in by_speaker.items()},
        confusion=confusion.tolist(),
    )


def _average(confusion: NDArray[np.int_]) -> float:
    return round(float(np.nanmean(recalls(confusion))), 4)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure a checkpoint on EmoDB's held-out speakers.")
    parser.add_argument("--model", type=Path, default=Path("worker/models/mini"), help="FunASR model directory")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/emodb"), help="EmoDB with labels.csv")
    parser.add_argument("--json", type=Path, help="write the reports to this file as well")
    arguments = parser.parse_args()
    reports = evaluate(arguments.model, of_speakers(load_clips(arguments.data), HELD_OUT_SPEAKERS))
    print("\n\n".join(as_text(report) for report in reports))
    if arguments.json:
        write_reports(reports, arguments.json)


if __name__ == "__main__":
    main()
