"""Heads: small model directories that put other outputs on the frozen network of another model, their base.

A head has `head.npz`, `tokens.txt` (its labels) and `configuration.json`, whose `emoline.base` has the `model`, a name
as `EMOLINE_MODEL` takes it, and the `sha256` of the base's `model.pt`. `head.npz` has `mix` [labels, base labels],
`weight` [labels, dim] and `bias` [labels]: the logits of a frame are `mix` times the base's own, plus `weight` times
its embedding, plus `bias`. All of it is linear, so that a head is one matrix for the network.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from worker.pipeline.errors import ModelUnavailable

HEAD_FILE = "head.npz"

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """The matrices of a head: see the module."""

    mix: Reals
    weight: Reals
    bias: Reals

    @classmethod
    def read(cls, directory: Path) -> Self:
        """Read the head of a directory. Raises ModelUnavailable."""
        try:
            with np.load(directory / HEAD_FILE, allow_pickle=False) as arrays:
                return cls(arrays["mix"], arrays["weight"], arrays["bias"])
        except (OSError, ValueError, KeyError) as error:
            raise ModelUnavailable(f"{directory / HEAD_FILE} cannot be read: {error}.") from error

    def write(self, directory: Path) -> None:
        """Write the file."""
        np.savez_compressed(directory / HEAD_FILE, mix=self.mix, weight=self.weight, bias=self.bias)

    def logits(self, base_logits: Reals, embeddings: Reals) -> Reals:
        """Compute logits [clips, labels] from those of the base [clips, base labels] and embeddings [clips, dim]."""
        logits: Reals = base_logits @ self.mix.T + embeddings @ self.weight.T + self.bias
        return logits

    def over(self, base: Head) -> Head:
        """Return this head, which was fitted on the outputs of the head `base`, as one on the network of that."""
        return Head(self.mix @ base.mix, self.mix @ base.weight + self.weight, self.mix @ base.bias + self.bias)

    def matrix(self, base_weight: Reals, base_bias: Reals) -> tuple[Reals, Reals]:
        """Return weight [labels, dim] and bias [labels] over a network whose own are `base_weight` and `base_bias`.

        Raises ModelUnavailable where the shapes do not fit.
        """
        if self.mix.shape[1] != len(base_bias) or self.weight.shape[1] != base_weight.shape[1]:
            raise ModelUnavailable(
                f"The head is for a network of {self.mix.shape[1]} outputs and {self.weight.shape[1]} dimensions, and "
                f"its base has {len(base_bias)} and {base_weight.shape[1]}."
            )
        return self.mix @ base_weight + self.weight, self.mix @ base_bias + self.bias
