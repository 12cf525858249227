"""What the pipeline costs per hour of sound: decoding alone, with segmentation, with the model, beside FunASR."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from rich.table import Table

from lab.benchmarks.machine import Machine
from lab.benchmarks.models import model_directory
from lab.benchmarks.peer import Peer, load_peer
from lab.benchmarks.rounds import OnStep, Values, in_turn, seconds
from shared.domain.options import JobOptions
from shared.domain.recording import SAMPLE_RATE
from shared.settings import Settings
from worker.adapters.emotion2vec.model import Emotion2vecModel
from worker.container import VOICE_DETECTORS, build_decoder
from worker.pipeline.inference import infer
from worker.pipeline.ports import Samples
from worker.pipeline.prepare import Preparation


@dataclass(frozen=True, slots=True)
class Costs:
    """`seconds` by part, of a recording of `duration_s`."""

    seconds: dict[str, Values]
    duration_s: float

    def table(self) -> Table:
        medians = {part: float(np.median(values)) for part, values in self.seconds.items()}
        least = next(iter(medians.values()))
        rounds = len(next(iter(self.seconds.values())))
        table = Table(
            "part",
            "s per hour of sound",
            "ratio to decode alone",
            title=f"Medians of rounds: {rounds}. {Machine.here()}.",
        )
        for part, median in medians.items():
            table.add_row(part, f"{median * 3600 / self.duration_s:.1f}", f"{median / least:.2f}")
        return table


def measure(file: Path, model: str, rounds: int, on_step: OnStep) -> Costs:
    """Raises PipelineError, also as ModelUnavailable."""
    on_step("preparing the model", 0, None)
    with (
        model_directory(model) as directory,
        Emotion2vecModel(str(directory), segment_timeout_s=600) as ours,
    ):
        ours.start()
        work = _Work(file, ours, load_peer(directory, "cpu", torch.get_num_threads()))
        return Costs(in_turn(work.parts(), rounds, on_step), work.decoded() / SAMPLE_RATE)


class _Work:
    """The recording under test, and ways to work through it."""

    def __init__(self, file: Path, model: Emotion2vecModel, peer: Peer) -> None:
        self._file = file
        self._settings = Settings()
        self._decoder = build_decoder(self._settings)
        self._model = model
        self._peer = peer
        self._clips = self._segments()

    def parts(self) -> dict[str, Callable[[], float]]:
        work: dict[str, Callable[[], object]] = {
            "decode alone": self.decoded,
            "decode + segment": self._segments,
            "decode + segment + model": lambda: infer(self._model, self._segments()),
            "model alone": lambda: infer(self._model, self._clips),
            "FunASR generate, clip by clip": lambda: [self._peer(clip) for clip in self._clips],
        }
        return {name: partial(seconds, part) for name, part in work.items()}

    def decoded(self) -> int:
        """Its samples."""
        with self._file.open("rb") as file, self._decoder.open(file) as stream:
            return sum(len(block) for block in stream.blocks())

    def _segments(self) -> list[Samples]:
        with self._file.open("rb") as file, self._decoder.open(file) as stream:
            preparation = Preparation(stream, JobOptions(), VOICE_DETECTORS, self._settings.max_segments)
            return [clip.samples for clips in preparation.clips() for clip in clips]
