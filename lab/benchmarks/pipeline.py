"""Cost of the pipeline per hour of sound: decoding alone, with segmentation, with the model, beside FunASR."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from rich.table import Table

from lab.benchmarks.funasr_peer import Peer, load_peer
from lab.benchmarks.machine import Machine
from lab.benchmarks.models import model_directory
from lab.benchmarks.rounds import OnStep, Values, in_turn, seconds
from shared.domain.options import JobOptions
from shared.domain.recording import SAMPLE_RATE
from shared.settings import Settings
from worker.adapters.emotion2vec.model import Emotion2vecModel
from worker.pipeline.inference import infer
from worker.pipeline.ports import Samples
from worker.pipeline.prepare import Preparation
from worker.pipeline_builder import VOICE_DETECTORS, build_decoder


@dataclass(frozen=True, slots=True)
class PipelineCosts:
    """Seconds of each round by part, for a recording of `duration_s`."""

    seconds: dict[str, Values]
    duration_s: float

    def table(self) -> Table:
        """Return a table for the terminal."""
        medians = {part: float(np.median(values)) for part, values in self.seconds.items()}
        least = next(iter(medians.values()))
        rounds = len(next(iter(self.seconds.values())))
        table = Table(
            "part",
            "s per hour of sound",
            "ratio to decode alone",
            title=f"Medians of rounds: {rounds}. {Machine.current()}.",
        )
        for part, median in medians.items():
            table.add_row(part, f"{median * 3600 / self.duration_s:.1f}", f"{median / least:.2f}")
        return table


def measure(file: Path, model: str, rounds: int, on_step: OnStep) -> PipelineCosts:
    """Run the benchmark. Raises PipelineError, also as ModelUnavailable."""
    on_step("preparing the model", 0, None)
    with (
        model_directory(model) as directory,
        Emotion2vecModel(str(directory), segment_timeout_s=600) as ours,
    ):
        ours.start()
        work = _PipelineWork(file, ours, load_peer(directory, "cpu", torch.get_num_threads()))
        return PipelineCosts(in_turn(work.parts(), rounds, on_step), work.decode() / SAMPLE_RATE)


class _PipelineWork:
    """The recording, and the measured parts of the pipeline."""

    def __init__(self, file: Path, model: Emotion2vecModel, peer: Peer) -> None:
        self._file = file
        self._settings = Settings()
        self._decoder = build_decoder(self._settings)
        self._model = model
        self._peer = peer
        self._clips = self._segments()

    def parts(self) -> dict[str, Callable[[], float]]:
        work: dict[str, Callable[[], object]] = {
            "decode alone": self.decode,
            "decode + segment": self._segments,
            "decode + segment + model": lambda: infer(self._model, self._segments()),
            "model alone": lambda: infer(self._model, self._clips),
            "FunASR generate, clip by clip": lambda: [self._peer(clip) for clip in self._clips],
        }
        return {name: partial(seconds, part) for name, part in work.items()}

    def decode(self) -> int:
        """Decode the recording and return its number of samples."""
        with self._file.open("rb") as file, self._decoder.open(file) as stream:
            return sum(len(block) for block in stream.blocks())

    def _segments(self) -> list[Samples]:
        with self._file.open("rb") as file, self._decoder.open(file) as stream:
            preparation = Preparation(stream, JobOptions(), VOICE_DETECTORS, self._settings.max_segments)
            return [clip.samples for clips in preparation.clips() for clip in clips]
