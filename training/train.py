"""Trains the bundled checkpoint: `python -m training.train --help`."""

import argparse
import random
import time
from collections.abc import Sequence
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from funasr.models.emotion2vec.model import Emotion2vec
from torch import Tensor
from tqdm import tqdm

from evaluation.document import to_json
from evaluation.markdown import to_markdown
from evaluation.run import Report, Source, evaluate_folder
from shared.domain.options import SegmentationOptions
from shared.settings import Settings
from training.architecture import Shape, build_model
from training.augment import augment
from training.classifier import FrameBank, Schedule, train_classifier
from training.dataset import (
    HELD_OUT_SPEAKERS,
    LABELS,
    Clip,
    Waveform,
    load_clips,
    not_of_speakers,
)
from training.front_end import encode, pretrain_front_end
from training.model_directory import LABEL_NAMES, Identity, write_identity, write_model_directory
from worker.container import build_pipeline

SEED = 0
VERSIONS = 16
"""Of each training clip: itself and fifteen augmented ones."""

FRONT_END_STEPS = 700
MODEL_ID = "emoline/mini"
REVISION = "2026-11-22"
NOTICE = (
    "Small demonstration model, trained on 18 minutes of acted German speech (EmoDB); "
    "its answers are not to be relied on."
)
ACCURACY = " On two speakers it never heard it finds {uar:.0%} of each of 7 labels on average; chance is 14%."


def train(clips: list[Clip], shape: Shape, schedule: Schedule) -> Emotion2vec:
    """Return an Emotion2vec trained on `clips` alone, by both stages."""
    _seed_everything()
    versions = augmented_versions([clip.waveform for clip in clips])
    model = build_model(shape, len(LABELS))
    rng = np.random.default_rng(SEED)
    pretrain_front_end(model, [waveform for version in versions for waveform in version], FRONT_END_STEPS, rng)
    bank = FrameBank(
        versions=[_encode_all(model, version) for version in versions],
        labels=np.array([clip.label for clip in clips]),
    )
    return train_classifier(model, bank, schedule, rng)


def publish(model: Emotion2vec, shape: Shape, directory: Path, data: Path) -> None:
    """Write the checkpoint, measure it as its users will load it, and record what was measured beside it."""
    tokens = [LABEL_NAMES[label] for label in LABELS]
    write_model_directory(directory, shape, model.state_dict(), tokens, Identity(MODEL_ID, REVISION, NOTICE))
    report = held_out(directory, data)
    (directory / "held_out.json").write_text(to_json(report), encoding="utf-8")
    write_identity(directory, Identity(MODEL_ID, REVISION, NOTICE + ACCURACY.format(uar=report.measured.uar.value)))
    print(to_markdown(report))


def held_out(directory: Path, data: Path) -> Report:
    """What `emoline evaluate` says of a checkpoint on the speakers that it never heard."""
    source = Source(data, only={"speaker": HELD_OUT_SPEAKERS})
    pipeline = build_pipeline(Settings(model=str(directory), device="cpu"))
    with pipeline.model, tqdm() as progress:

        def on_step(name: str, done: int, total: int | None) -> None:
            progress.set_description(name, refresh=False)
            progress.total, progress.n = total, done
            progress.refresh()

        return evaluate_folder(source, pipeline, SegmentationOptions(), on_step, robust=True)


def augmented_versions(waveforms: Sequence[Waveform]) -> list[list[Waveform]]:
    """Return `VERSIONS` lists as long as `waveforms`; the first is `waveforms` itself."""
    jobs = [(waveform, version, index) for version in range(1, VERSIONS) for index, waveform in enumerate(waveforms)]
    with get_context("spawn").Pool() as pool:
        changed = list(tqdm(pool.imap(_augment, jobs, chunksize=64), total=len(jobs), desc="augment"))
    starts = range(0, len(changed), len(waveforms))
    return [list(waveforms), *(changed[start : start + len(waveforms)] for start in starts)]


def _augment(job: tuple[Waveform, int, int]) -> Waveform:
    waveform, version, index = job
    return augment(waveform, np.random.default_rng([SEED, version, index]))


def _encode_all(model: Emotion2vec, waveforms: Sequence[Waveform]) -> list[Tensor]:
    return [encode(model, waveform) for waveform in tqdm(waveforms, desc="frames")]


def _seed_everything() -> None:
    """FunASR's network draws from torch, and from numpy for what it drops."""
    random.seed(SEED)
    np.random.seed(SEED)
    torch.manual_seed(SEED)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the demonstration checkpoint on EmoDB, in about 40 minutes.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/emodb"), help="EmoDB with labels.csv")
    parser.add_argument("--output", type=Path, default=Path("worker/models/mini"), help="model directory to write")
    parser.add_argument("--threads", type=int, default=2, help="threads that torch uses")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    started = time.monotonic()
    clips = load_clips(arguments.data)
    shape = Shape()
    model = train(not_of_speakers(clips, HELD_OUT_SPEAKERS), shape, Schedule())
    publish(model, shape, arguments.output, arguments.data)
    print(f"{arguments.output} written after {(time.monotonic() - started) / 60:.0f} minutes")


if __name__ == "__main__":
    main()
