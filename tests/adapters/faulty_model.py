"""The model's process with clips that make it fail: `python -m tests.adapters.faulty_model`.

A clip's first sample selects the failure.
"""

from __future__ import annotations

import os
import signal

import torch

from worker.adapters.child_process import FramePipe
from worker.adapters.emotion2vec import protocol
from worker.adapters.emotion2vec.process import run

HANG = 30_001
"""Stops all its threads, as a hung kernel does: only a kill ends it."""
CRASH = 30_002
"""Ends it by a segmentation fault."""
SCARCE = 30_003
"""The device runs out of memory when more than two other clips are in its batch."""
HANG_ALWAYS = "EMOLINE_TEST_HANG_ALWAYS"
"""The environment variable with which every clip hangs."""


def hurt(first_samples: list[int]) -> None:
    if HANG in first_samples or HANG_ALWAYS in os.environ:
        os.kill(os.getpid(), signal.SIGSTOP)
    if CRASH in first_samples:
        os.kill(os.getpid(), signal.SIGSEGV)
    if SCARCE in first_samples and len(first_samples) > 3:
        raise torch.OutOfMemoryError


if __name__ == "__main__":
    pipe = FramePipe.to_parent()
    from worker.adapters.emotion2vec.network.engine import Batch, Engine

    class FaultyEngine(Engine):
        def answer(self, batch: Batch) -> tuple[bytes, bytes]:
            try:
                hurt([int(clip[0]) for clip in batch.clips])
            except torch.OutOfMemoryError:
                return protocol.OUT_OF_MEMORY, b""
            return super().answer(batch)

    run(pipe, FaultyEngine)
