"""The engine benchmark: what is to be measured, and whether it can be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from lab.benchmarks.models import model_directory
from lab.benchmarks.rounds import OnStep
from worker.adapters.emotion2vec.network.precision import open_device
from worker.pipeline.errors import ModelUnavailable

if TYPE_CHECKING:
    from lab.benchmarks.engine.report import Report

_SECONDS = {"cpu": 120.0, "cuda": 960.0}
"""Of audio in all: a few of the batches that the engine makes on the device."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`model` is mini, large-random or a directory. Where no `threads` are given it is as many as torch likes, and
    where no `seconds` of audio, as many as suit the device."""

    model: str
    device: str
    rounds: int
    threads: int | None = None
    seconds: float | None = None


def measure(plan: Plan, on_step: OnStep) -> Report:
    """Raises ModelUnavailable when there is no such device or model, PipelineError when there are no clips."""
    device = open_device(plan.device)
    if plan.threads:
        torch.set_num_threads(plan.threads)
    on_step("preparing the model", 0, None)
    with model_directory(plan.model) as directory:
        from lab.benchmarks.engine.run import run  # with FunASR; what is wrong with the plan has been said before that

        try:
            return run(directory, device, plan.rounds, plan.seconds or _SECONDS[device.type], on_step)
        except torch.OutOfMemoryError as error:
            raise ModelUnavailable(f"The device {plan.device} has too little memory for this benchmark.") from error
