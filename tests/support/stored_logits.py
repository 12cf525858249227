"""The logits in the objects of a job, past the service."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from shared.frame_scores import Floats


def stored_logits(job_folder: Path) -> dict[int, Floats]:
    """Return the logits [frames, labels] of each segment by its index, from the job's folder in a local store."""
    by_index: dict[int, Floats] = {}
    for path in sorted(job_folder.glob("frames/*.npz")):
        with np.load(path, allow_pickle=False) as arrays:
            logits = np.split(arrays["logits"], np.cumsum(arrays["frames"])[:-1])
            by_index |= zip(arrays["segments"].tolist(), logits, strict=True)
    return by_index
