"""The device's peak rate: large matrix products, with no waiting between them."""

from __future__ import annotations

import torch
from torch import Tensor

from lab.benchmarks.engine.devices import synchronize
from lab.benchmarks.rounds import seconds
from worker.adapters.emotion2vec.network.linear import Linear

_SIZES = {"cpu": (2048, 4096), "cuda": (4096, 8192)}
_TIMES = {"cpu": 1, "cuda": 10}
"""Products between two readings of the clock: a GPU's take less than a millisecond."""


class GemmPeak:
    """Large square products in `dtype`, of random numbers: a GPU is unrealistically fast with zeros.

    The engine's own layer computes them, because on a CPU `torch.mm` is slower in some number formats.
    """

    def __init__(self, device: torch.device, dtype: torch.dtype) -> None:
        self._device = device
        self._times = _TIMES[device.type]
        pairs = [torch.randn(2, size, size, device=device).to(dtype) for size in _SIZES[device.type]]
        self._products = [(Linear(weight, None, dtype), matrix) for weight, matrix in pairs]

    def __call__(self) -> float:
        """Measure once and return the FLOP per second of the fastest matrix size."""
        return max(self._rate(layer, matrix) for layer, matrix in self._products)

    def _rate(self, layer: Linear, matrix: Tensor) -> float:
        if self._device.type == "cuda":  # the first product initialises the library
            self._multiply(layer, matrix)
        return 2 * len(matrix) ** 3 * self._times / seconds(lambda: self._multiply(layer, matrix))

    def _multiply(self, layer: Linear, matrix: Tensor) -> None:
        for _ in range(self._times):
            layer(matrix)
        synchronize(self._device)
