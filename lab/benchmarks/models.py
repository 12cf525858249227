"""Model directories for the benchmarks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from shared.settings import Settings
from worker.adapters.emotion2vec.model_directory import resolve
from worker.pipeline.errors import ModelUnavailable

LARGE_RANDOM = "large-random"
"""The shape of emotion2vec+ large with random weights: as fast as the published ones, which cannot be bundled."""


@contextmanager
def model_directory(name: str) -> Iterator[Path]:
    """Yield the directory of `mini`, of LARGE_RANDOM (650 MB, removed afterwards), or `name` itself as a path.

    Raises ModelUnavailable.
    """
    if name == LARGE_RANDOM:
        from lab.training.architecture import LARGE
        from lab.training.model_directory import LABEL_NAMES, Identity, write_random_model_directory

        with TemporaryDirectory(prefix="emoline-bench-") as folder:
            directory = Path(folder) / LARGE_RANDOM
            identity = Identity(f"emoline/{LARGE_RANDOM}", "0", "Random weights: only its speed means anything.")
            write_random_model_directory(directory, LARGE, list(LABEL_NAMES.values()), identity)
            yield directory
        return
    resolved = resolve(name, Settings().models_dir).directory
    if resolved is None:
        raise ModelUnavailable(f"A benchmark downloads nothing: `emoline models pull {name}` does.")
    yield resolved
