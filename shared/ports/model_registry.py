"""The list of models that workers run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from shared.domain.emotion import ModelInfo, RunModel


class ModelRegistry(Protocol):
    """The models that workers run or have run."""

    def record_run(self, model: ModelInfo) -> None:
        """Note that a worker has loaded `model`. Frequent calls are cheap."""
        ...

    def all(self) -> Sequence[RunModel]:
        """Return every model, the most recently run first."""
        ...
