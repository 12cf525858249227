"""What is different about a GPU: it works on behind one's back, and has memory of its own."""

from __future__ import annotations

import torch

_LARGE_CARD = 20 * 2**30
_NO_UNITS = "not on this CPU: it has neither AMX nor AVX-512 BF16, and would take minutes"


def synchronize(device: torch.device) -> None:
    """Waits until the device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def allocated(device: torch.device) -> int:
    """Bytes of the device's memory that tensors take now; 0 for a CPU, where nobody counts them."""
    return torch.cuda.memory_allocated(device) if device.type == "cuda" else 0


def most_allocated(device: torch.device) -> int:
    """Bytes that they took at most since `forget_most_allocated`."""
    return torch.cuda.max_memory_allocated(device) if device.type == "cuda" else 0


def forget_most_allocated(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def precisions(device: torch.device) -> list[str]:
    """The number formats in which the network is worth running here, fp32 first."""
    if device.type == "cuda":
        return ["fp32", "fp16", "bf16"]
    return ["fp32"] if left_out(device) else ["fp32", "bf16"]


def left_out(device: torch.device) -> dict[str, str]:
    """Why other formats are not measured."""
    quick = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
    return {} if device.type == "cuda" or quick else {"bf16": _NO_UNITS}


def padded_clips(device: torch.device) -> int:
    """How many clips the published recipe pads into a batch: 8 on a card of 24 GB, 4 on one of 16 GB or a CPU."""
    if device.type == "cpu":
        return 4
    return 8 if torch.cuda.get_device_properties(device).total_memory > _LARGE_CARD else 4


def device_name(device: torch.device) -> str | None:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else None
