"""The device's peak rate: large matrix products, with no waiting between them."""

from __future__ import annotations

import torch
from torch import Tensor

from lab.benchmarks.engine.devices import synchronize
from lab.benchmarks.rounds import seconds

_SIZES = {"cpu": (2048, 4096), "cuda": (4096, 8192)}
_TIMES = {"cpu": 1, "cuda": 10}
"""Products between two readings of the clock: a GPU's take less than a millisecond."""


class GemmPeak:
    """Large square products in `dtype`, of random numbers: a GPU is unrealistically fast with zeros."""

    def __init__(self, device: torch.device, dtype: torch.dtype) -> None:
        self._device = device
        self._times = _TIMES[device.type]
        self._matrices = [torch.randn(3, size, size, device=device).to(dtype) for size in _SIZES[device.type]]

    def __call__(self) -> float:
        """Measure once and return the FLOP per second of the fastest matrix size."""
        return max(self._rate(matrices) for matrices in self._matrices)

    def _rate(self, matrices: Tensor) -> float:
        if self._device.type == "cuda":  # the first product initialises the library
            self._multiply(matrices)
        return 2 * matrices.shape[1] ** 3 * self._times / seconds(lambda: self._multiply(matrices))

    def _multiply(self, matrices: Tensor) -> None:
        first, second, product = matrices
        for _ in range(self._times):
            torch.mm(first, second, out=product)
        synchronize(self._device)
