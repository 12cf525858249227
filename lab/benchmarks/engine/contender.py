"""A variant on the device, with a stopwatch."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from lab.benchmarks.engine.devices import allocated, forget_most_allocated, most_allocated, synchronize
from lab.benchmarks.engine.variants import Scores, Variant
from lab.benchmarks.rounds import seconds
from worker.pipeline.ports import Samples


class Contender:
    """`scores` are those of its last round, `memory` the bytes of GPU memory that it needs, or None on a CPU."""

    scores: Scores

    def __init__(self, variant: Variant, clips: Sequence[Samples], device: torch.device) -> None:
        self.variant = variant
        self.memory: int | None = None
        self._clips = clips
        self._device = device
        before = allocated(device)
        self._scorer = variant.load()
        self._weights = allocated(device) - before

    def warm_up(self) -> None:
        """On a CPU with one clip only, since all of them take their time there."""
        if self._device.type == "cpu":
            self._scorer([max(self._clips, key=len)])
            return
        forget_most_allocated(self._device)
        before = allocated(self._device)
        self._scorer(self._clips)
        self.memory = self._weights + most_allocated(self._device) - before

    def round(self) -> float:
        """Seconds for all clips."""
        if self._device.type == "cuda":
            # FunASR hands all free GPU memory back after each clip; whoever comes next would pay for getting it again.
            self._scorer(self._clips)
        synchronize(self._device)
        return seconds(self._score)

    def _score(self) -> None:
        self.scores = self._scorer(self._clips)
        synchronize(self._device)
