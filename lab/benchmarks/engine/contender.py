"""A variant, loaded on the device and timed."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from lab.benchmarks.engine.devices import allocated, peak_allocated, reset_peak_allocated, synchronize
from lab.benchmarks.engine.variants import Scores, Variant
from lab.benchmarks.rounds import seconds
from worker.pipeline.ports import Samples


class Contender:
    """A loaded variant. `scores` come from its last round; `memory` is its GPU memory in bytes, None on a CPU."""

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
        """Run once before the rounds: on a CPU, where clips are slow, with the longest one only."""
        if self._device.type == "cpu":
            self._scorer([max(self._clips, key=len)])
            return
        reset_peak_allocated(self._device)
        before = allocated(self._device)
        self._scorer(self._clips)
        self.memory = self._weights + peak_allocated(self._device) - before

    def round(self) -> float:
        """Score all clips and return the seconds."""
        if self._device.type == "cuda":
            # FunASR releases all free GPU memory after each clip; the next variant would pay for allocating it again.
            self._scorer(self._clips)
        synchronize(self._device)

        def score() -> None:
            self.scores = self._scorer(self._clips)
            synchronize(self._device)

        return seconds(score)
