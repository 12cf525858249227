"""The engine benchmark: its plan, and one run of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from lab.benchmarks.models import model_directory
from lab.benchmarks.rounds import OnStep
from worker.adapters.emotion2vec.network.precision import open_device
from worker.pipeline.errors import ModelUnavailable

if TYPE_CHECKING:
    from lab.benchmarks.engine.report import EngineReport

_SECONDS = {"cpu": 120.0, "cuda": 960.0}
"""Seconds of audio in all by device: a few of the engine's batches."""


@dataclass(frozen=True, slots=True)
class EnginePlan:
    """The parameters of a run. `model` is mini, large-random or a directory.

    `threads` None leaves the number to torch, `seconds` of audio None to the device.
    """

    model: str
    device: str
    rounds: int
    threads: int | None = None
    seconds: float | None = None


def measure(plan: EnginePlan, on_step: OnStep) -> EngineReport:
    """Run the benchmark.

    Raises ModelUnavailable when there is no such device or model, PipelineError when there are no clips.
    """
    device = open_device(plan.device)
    if plan.threads:
        torch.set_num_threads(plan.threads)
    on_step("preparing the model", 0, None)
    with model_directory(plan.model) as directory:
        from lab.benchmarks.engine.run import run  # imports FunASR, which takes long: after the plan has been checked

        try:
            return run(directory, device, plan.rounds, plan.seconds or _SECONDS[device.type], on_step)
        except torch.OutOfMemoryError as error:
            raise ModelUnavailable(f"The device {plan.device} has too little memory for this benchmark.") from error
