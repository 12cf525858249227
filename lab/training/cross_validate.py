"""Measures how the checkpoint is made, on speakers left out in turn: `python -m lab.training.cross_validate --help`."""

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from tqdm import tqdm

from evaluation.report_files import write_report
from evaluation.run import EvaluationSource, FolderAnswers, answer_folder, folder_report
from lab.training.dataset import load_clips
from lab.training.stages import listener, publish, teach, what_it_hears
from shared.domain.options import SegmentationOptions
from shared.settings import Settings
from worker.container import build_pipeline

HALVES = (("03", "08", "09", "10", "11"), ("12", "13", "14", "15", "16"))
"""EmoDB's speakers. What learns without labels learns from one half for the speakers of the other, so that no part of a
network has heard the speaker whom it is measured by, and two such parts do for ten speakers."""

MODEL_ID = "emoline/mini-left-out"
NOTICE = "One of ten networks, each trained without a speaker."


def answers_without_own(data: Path, half: tuple[str, ...]) -> list[FolderAnswers]:
    """For each speaker of `half`, the answers of a network that never heard that speaker."""
    torch.set_num_threads(1)
    clips = load_clips(data)
    model = listener([clip for clip in clips if clip.speaker not in half])
    heard = what_it_hears(model, clips)
    found = []
    for speaker in half:
        others = [number for number, clip in enumerate(clips) if clip.speaker != speaker]
        teach(model, heard[:, others], [clips[number] for number in others])
        with TemporaryDirectory() as folder:
            publish(model, Path(folder), MODEL_ID, NOTICE)
            found.append(_answers(Path(folder), data, speaker))
    return found


def _answers(directory: Path, data: Path, speaker: str) -> FolderAnswers:
    """Through the whole pipeline, as it is recorded and distorted."""
    source = EvaluationSource(data, only={"speaker": frozenset({speaker})})
    pipeline = build_pipeline(Settings(model=str(directory), device="cpu"))
    with pipeline.model, tqdm() as progress:

        def on_step(name: str, done: int, total: int | None) -> None:
            progress.set_description(f"speaker {speaker}, {name}", refresh=False)
            progress.total, progress.n = total, done
            progress.refresh()

        return answer_folder(source, pipeline, SegmentationOptions(), on_step, units="speakers", robust=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Leave each of EmoDB's speakers out in turn, in about 40 minutes.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/emodb"), help="EmoDB with labels.csv")
    parser.add_argument("--output", type=Path, default=Path("docs/evaluation"), help="folder for the report")
    arguments = parser.parse_args()
    with ProcessPoolExecutor(len(HALVES), get_context("spawn")) as pool:
        by_half = list(pool.map(partial(answers_without_own, arguments.data), HALVES))
    answered = [each for half in by_half for each in half]
    report = folder_report(EvaluationSource(arguments.data), SegmentationOptions(), answered, "speakers")
    write_report(report, arguments.output)
    print(f"{arguments.output} has the report: UAR {report.measured.uar.value:.1%}")


if __name__ == "__main__":
    main()
