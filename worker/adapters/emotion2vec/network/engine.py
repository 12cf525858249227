"""The network as the model's process serves it: batches in, arrays out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from shared.domain.emotion import ModelInfo
from worker.adapters.emotion2vec import protocol
from worker.adapters.emotion2vec.network.batched_forward import Network, Output
from worker.adapters.emotion2vec.network.precision import batch_samples, dtype_of, open_device, resolve_precision


@dataclass(frozen=True, slots=True)
class Batch:
    """Clips [n] of int16, on a CUDA machine in memory that the device reads by itself."""

    clips: Sequence[Tensor]
    frame_embeddings: bool


class Engine:
    """`info` says which model in which precision this is, `batch` how many samples are best worked on at once."""

    def __init__(self, info: ModelInfo, directory: Path, device: str, precision: str) -> None:
        self._device = open_device(device)
        resolved = resolve_precision(precision, self._device)
        self._network = Network(directory, self._device, dtype_of(resolved))
        self.info = replace(info, precision=resolved)
        self.batch = batch_samples(self._device)

    def read(self, tag: bytes, payload: bytes) -> Batch:
        samples, lengths = protocol.unpack_clips(payload)
        sound = torch.from_numpy(samples)
        if self._device.type == "cuda":
            sound = sound.pin_memory()
        return Batch(torch.split(sound, lengths), tag == protocol.EMBED)

    def answer(self, batch: Batch) -> tuple[bytes, bytes]:
        try:
            output = self._network(batch.clips, frame_embeddings=batch.frame_embeddings)
        except torch.OutOfMemoryError:
            return protocol.OUT_OF_MEMORY, b""
        return protocol.ANSWER, protocol.pack_arrays(_arrays(output))


def _arrays(output: Output) -> dict[str, NDArray[Any]]:
    arrays = {"frames": torch.tensor(output.frames), "scores": output.scores, "logits": output.logits}
    arrays["embeddings"] = output.embeddings
    if output.frame_embeddings is not None:
        arrays["frame_embeddings"] = output.frame_embeddings
    return {name: tensor.numpy() for name, tensor in arrays.items()}
