"""The device's peak: what its matrix units do when they have nothing to wait for."""

from __future__ import annotations

import torch
from torch import Tensor

from lab.benchmarks.engine.devices import synchronize
from lab.benchmarks.rounds import seconds

_SIZES = {"cpu": (2048, 4096), "cuda": (4096, 8192)}
_TIMES = {"cpu": 1, "cuda": 10}
"""Products between two looks at the clock: a GPU's take less than a millisecond."""


class GemmPeak:
    """Large square products in `dtype`, of random numbers: with zeros a GPU is quicker than it ever is in earnest."""

    def __init__(self, device: torch.device, dtype: torch.dtype) -> None:
        self._device = device
        self._times = _TIMES[device.type]
        self._matrices = [torch.randn(3, size, size, device=device).to(dtype) for size in _SIZES[device.type]]

    def __call__(self) -> float:
        """FLOP per second of the size that suits the device best."""
        return max(self._rate(matrices) for matrices in self._matrices)

    def _rate(self, matrices: Tensor) -> float:
        if self._device.type == "cuda":  # its library gets ready with the first product
            self._multiply(matrices)
        return 2 * matrices.shape[1] ** 3 * self._times / seconds(lambda: self._multiply(matrices))

    def _multiply(self, matrices: Tensor) -> None:
        left, right, product = matrices
        for _ in range(self._times):
            torch.mm(left, right, out=product)
        synchronize(self._device)
