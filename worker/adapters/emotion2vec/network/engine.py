"""The engine of the model's process: batches in, arrays out."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from shared.domain.emotion import ModelInfo
from worker.adapters.emotion2vec import protocol
from worker.adapters.emotion2vec.calibration import Calibration
from worker.adapters.emotion2vec.network.batched_forward import Network
from worker.adapters.emotion2vec.network.precision import batch_samples, dtype_of, open_device, resolve_precision


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of clips [n] of int16, on the device as soon as `copied` has happened."""

    clips: Sequence[Tensor]
    frame_embeddings: bool
    copied: torch.cpu.Event | torch.cuda.Event


class Engine:
    """The network of a model directory on a device, with the outputs of the directory `head` if there is one.

    `info` is the model with its precision, `batch` the best batch size in samples at 16 kHz.

    Raises:
        ModelUnavailable: the machine has no such device, or the directory no such network.
    """

    def __init__(self, info: ModelInfo, directory: Path, device: str, precision: str, head: Path | None = None) -> None:
        self._device = open_device(device)
        self._streams = torch.get_device_module(self._device)  # a CPU's streams and events do nothing
        self._copies = self._streams.Stream()
        resolved = resolve_precision(precision, self._device)
        self._network = Network(directory, self._device, dtype_of(resolved), head=head)
        self._calibration = Calibration.read(head or directory, info.labels)
        source = self._calibration.source if self._calibration else None
        self.info = replace(info, precision=resolved, calibration=source)
        self.batch = batch_samples(self._device)

    def read(self, tag: bytes, payload: bytearray) -> Batch:
        """Unpack a batch from the payload of a CLIPS or EMBED frame, and begin to copy it to the device.

        It may be called while another thread is in `answer`: the copy has a stream of its own. The caller bounds the
        memory by the batches that it reads ahead, 32 kB of the device's memory per second of sound.
        """
        samples, lengths = protocol.unpack_clips(payload)
        sound = torch.from_numpy(samples)
        if self._device.type == "cuda":
            sound = sound.pin_memory()
        copied = self._streams.Event()
        with self._streams.stream(self._copies):
            with contextlib.suppress(torch.OutOfMemoryError):  # then `answer` copies each clip, or says so
                sound = sound.to(self._device, non_blocking=True)
            copied.record(self._copies)
        return Batch(torch.split(sound, lengths), tag == protocol.EMBED, copied)

    def answer(self, batch: Batch) -> tuple[bytes, bytes]:
        """Score a batch, and return the tag and the payload of the answer.

        The output is on the CPU then, so that the device is done with the batch and its memory may be used again.
        """
        batch.copied.wait(self._streams.current_stream())
        try:
            output = self._network(batch.clips, frame_embeddings=batch.frame_embeddings)
        except torch.OutOfMemoryError:
            return protocol.OUT_OF_MEMORY, b""
        tensors = {"frames": torch.tensor(output.frames), "scores": output.scores, "logits": output.logits}
        tensors["embeddings"] = output.embeddings
        if output.frame_embeddings is not None:
            tensors["frame_embeddings"] = output.frame_embeddings
        arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
        if self._calibration:
            arrays = self._calibration.apply(arrays)
        return protocol.ANSWER, protocol.pack_arrays(arrays)
