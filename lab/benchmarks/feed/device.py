"""The model's process over a simulated device: `python -m lab.benchmarks.feed.device`, with the arguments of the
real one.

It takes as long for a batch as a device of RATE seconds of sound per second, and answers with made-up arrays of the
right shapes. Several processes share one device.
"""

from __future__ import annotations

import fcntl
import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shared.domain.emotion import ModelInfo
from shared.domain.recording import FRAME, SAMPLE_RATE
from shared.frame_scores import softmax
from worker.adapters.child_process import FramePipe, lower_priority
from worker.adapters.emotion2vec import protocol
from worker.adapters.emotion2vec.process import run

RATE = "EMOLINE_BENCH_RATE"
"""The environment variable with the seconds of sound that the device scores in a second."""
DEVICE = "EMOLINE_BENCH_DEVICE"
"""The environment variable with a file that stands for the device: whoever has it locked uses the device."""
_BATCH_S = 320
"""The batch of a large GPU."""
_DIMENSIONS = 1024


@dataclass(frozen=True, slots=True)
class _Batch:
    lengths: list[int]


class SimulatedEngine:
    """Stands in for `worker.adapters.emotion2vec.network.engine.Engine`."""

    def __init__(self, info: ModelInfo, directory: Path, device: str, precision: str, head: Path | None) -> None:
        self.info = info
        self.batch = _BATCH_S * SAMPLE_RATE
        self._rate = float(os.environ[RATE]) * SAMPLE_RATE
        self._device = os.open(os.environ[DEVICE], os.O_RDONLY)

    def read(self, tag: bytes, payload: bytearray) -> _Batch:
        return _Batch(protocol.unpack_clips(payload)[1])

    def answer(self, batch: _Batch) -> tuple[bytes, bytes]:
        fcntl.flock(self._device, fcntl.LOCK_EX)
        time.sleep(sum(batch.lengths) / self._rate)
        fcntl.flock(self._device, fcntl.LOCK_UN)
        frames, labels = np.array([length // FRAME for length in batch.lengths]), len(self.info.labels)
        logits = np.zeros((frames.sum(), labels), np.float32)
        scores = softmax(np.zeros((len(frames), labels), np.float32))
        embeddings = np.zeros((len(frames), _DIMENSIONS), np.float32)
        arrays = {"frames": frames, "scores": scores, "logits": logits, "embeddings": embeddings}
        return protocol.ANSWER, protocol.pack_arrays(arrays)


if __name__ == "__main__":
    lower_priority()
    run(FramePipe.to_parent(), SimulatedEngine)  # type: ignore[arg-type]
