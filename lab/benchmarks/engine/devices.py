"""Differences between CPU and GPU: asynchronous work, memory and number formats."""

from __future__ import annotations

import torch

from worker.adapters.emotion2vec.network.precision import resolve_precision

_LARGE_CARD = 20 * 2**30
_NO_UNITS = "not on this CPU: it has neither AMX nor AVX-512 BF16, and would take minutes"


def synchronize(device: torch.device) -> None:
    """Wait until the device has finished all queued work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def allocated(device: torch.device) -> int:
    """Return the bytes of GPU memory that tensors take now; 0 for a CPU."""
    return torch.cuda.memory_allocated(device) if device.type == "cuda" else 0


def peak_allocated(device: torch.device) -> int:
    """Return the most bytes of GPU memory that tensors took since `reset_peak_allocated`; 0 for a CPU."""
    return torch.cuda.max_memory_allocated(device) if device.type == "cuda" else 0


def reset_peak_allocated(device: torch.device) -> None:
    """Begin a new measurement of `peak_allocated`."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def precisions(device: torch.device) -> list[str]:
    """Return the number formats that are measured on a device, fp32 first."""
    if device.type == "cuda":
        return ["fp32", "fp16", "bf16"]
    return ["fp32"] if left_out(device) else ["fp32", "bf16"]


def left_out(device: torch.device) -> dict[str, str]:
    """Return the reason for each format that is not measured."""
    return {} if device.type == "cuda" or resolve_precision("auto", device) == "bf16" else {"bf16": _NO_UNITS}


def padded_clips(device: torch.device) -> int:
    """Return the batch size of the published recipe: 8 clips on a card of 24 GB, 4 on one of 16 GB or a CPU."""
    if device.type == "cpu":
        return 4
    return 8 if torch.cuda.get_device_properties(device).total_memory > _LARGE_CARD else 4


def device_name(device: torch.device) -> str | None:
    """Return the name of a GPU; None for a CPU."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else None
