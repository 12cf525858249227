"""Devices, the number formats they are good at, and how much sound they take at once."""

from __future__ import annotations

import torch

from shared.domain.recording import SAMPLE_RATE
from worker.pipeline.errors import ModelUnavailable

_TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
_BATCH_S = {"cpu": 30, "cuda": 320}
"""Seconds of sound from which on a larger batch is no quicker, but takes longer until a hang is noticed."""
_BYTES_PER_SECOND = 8 * 2**20
"""Of device memory that a second of sound takes on its way through the large network, with room to spare."""
_LEAST_BATCH_S = 25


def open_device(name: str) -> torch.device:
    """Raises ModelUnavailable when this machine has no such device."""
    if name == "cuda":
        if not torch.cuda.is_available():
            raise ModelUnavailable("There is no CUDA device here that this build of PyTorch can use.")
        # TF32 keeps 10 bits of a product's operands: what is called fp32 shall be fp32.
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    return torch.device(name)


def resolve_precision(precision: str, device: torch.device) -> str:
    """`auto` is what the device has matrix units for, and fp32 where it has none."""
    if precision != "auto":
        return precision
    if device.type == "cpu":
        return "bf16" if torch.cpu._is_amx_tile_supported() else "fp32"
    capability = torch.cuda.get_device_capability(device)
    return "bf16" if capability >= (8, 0) else "fp16" if capability >= (7, 0) else "fp32"


def dtype_of(precision: str) -> torch.dtype:
    return _TYPES[precision]


def batch_samples(device: torch.device) -> int:
    """Samples of sound for one forward; ask when the weights are on the device already."""
    seconds = _BATCH_S[device.type]
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        seconds = max(_LEAST_BATCH_S, min(seconds, free // _BYTES_PER_SECOND))
    return seconds * SAMPLE_RATE
