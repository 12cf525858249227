"""Choose the precision and the batch size for a device."""

from __future__ import annotations

import torch

from shared.domain.recording import SAMPLE_RATE
from worker.pipeline.errors import ModelUnavailable

_TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
_BATCH_S = {"cpu": 30, "cuda": 320}
"""Seconds of sound. A larger batch is no faster per second, and a hang is noticed later."""
_BYTES_PER_SECOND = 12 * 2**20
"""Device memory for a second of sound in the large network, with room to spare; up to 4 MB are the attention's bias."""
_LEAST_BATCH_S = 25


def open_device(name: str) -> torch.device:
    """The device `cpu` or `cuda`. Raises ModelUnavailable if this machine lacks it."""
    if name == "cuda":
        if not torch.cuda.is_available():
            raise ModelUnavailable("There is no CUDA device here that this build of PyTorch can use.")
        # TF32 would keep only 10 bits of a product's operands, and fp32 shall be fp32.
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    return torch.device(name)


def resolve_precision(precision: str, device: torch.device) -> str:
    """The precision to use: `auto` becomes the best one that the device has matrix units for, or fp32 without any."""
    if precision != "auto":
        return precision
    if device.type == "cpu":
        units = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
        return "bf16" if units else "fp32"
    capability = torch.cuda.get_device_capability(device)
    return "bf16" if capability >= (8, 0) else "fp16" if capability >= (7, 0) else "fp32"


def dtype_of(precision: str) -> torch.dtype:
    """The dtype of `fp32`, `bf16` or `fp16`."""
    return _TYPES[precision]


def batch_samples(device: torch.device) -> int:
    """The best batch size in samples at 16 kHz; call it after the weights were moved to the device."""
    seconds = _BATCH_S[device.type]
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        seconds = max(_LEAST_BATCH_S, min(seconds, free // _BYTES_PER_SECOND))
    return seconds * SAMPLE_RATE
