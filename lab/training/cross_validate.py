"""`python -m lab.training.cross_validate`: evaluate the training recipe, leaving out each speaker in turn."""

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
from lab.training.stages import extract_features, fit_head, pretrain, publish
from shared.domain.options import SegmentationOptions
from shared.settings import Settings
from worker.pipeline_builder import build_pipeline

HALVES = (("03", "08", "09", "10", "11"), ("12", "13", "14", "15", "16"))
"""EmoDB's speakers. The stages without labels are trained on one half and measured on the other, so that no part of a
network was trained on a speaker it is measured by, and two pretrained networks suffice for ten speakers."""

MODEL_ID = "emoline/mini-left-out"
NOTICE = "One of ten networks, each trained without a speaker."


def answer_left_out(data: Path, half: tuple[str, ...]) -> list[FolderAnswers]:
    """Return, for each speaker of `half`, the answers of a network that was not trained on that speaker."""
    torch.set_num_threads(1)
    clips = load_clips(data)
    model = pretrain([clip for clip in clips if clip.speaker not in half])
    features = extract_features(model, clips)
    answers = []
    for speaker in half:
        training = [number for number, clip in enumerate(clips) if clip.speaker != speaker]
        fit_head(model, features[:, training], [clips[number] for number in training])
        with TemporaryDirectory() as folder:
            publish(model, Path(folder), MODEL_ID, NOTICE)
            answers.append(answer_speaker(Path(folder), data, speaker))
    return answers


def answer_speaker(directory: Path, data: Path, speaker: str) -> FolderAnswers:
    """Run the whole pipeline on a speaker's clips, as recorded and under every distortion."""
    source = EvaluationSource(data, only={"speaker": frozenset({speaker})})
    pipeline = build_pipeline(Settings(model=str(directory), device="cpu"))
    with pipeline.model, tqdm() as progress:

        def on_step(name: str, completed: int, total: int | None) -> None:
            progress.set_description(f"speaker {speaker}, {name}", refresh=False)
            progress.total, progress.n = total, completed
            progress.refresh()

        return answer_folder(source, pipeline, SegmentationOptions(), on_step, units="speakers", robust=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Leave each of EmoDB's speakers out in turn, in about 40 minutes.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/emodb"), help="EmoDB with labels.csv")
    parser.add_argument("--output", type=Path, default=Path("docs/evaluation"), help="folder for the report")
    arguments = parser.parse_args()
    with ProcessPoolExecutor(len(HALVES), get_context("spawn")) as pool:
        by_half = list(pool.map(partial(answer_left_out, arguments.data), HALVES))
    answers = [answered for half in by_half for answered in half]
    report = folder_report(EvaluationSource(arguments.data), SegmentationOptions(), answers, "speakers")
    write_report(report, arguments.output)
    print(f"{arguments.output} has the report: UAR {report.measured.uar.value:.1%}")


if __name__ == "__main__":
    main()
