"""The activation of every layer here."""

from __future__ import annotations

import torch
from torch import Tensor


def gelu_(x: Tensor) -> Tensor:
    """GELU over its own input: to write the widest arrays once more costs as much as to compute them."""
    out: Tensor = torch.ops.aten.gelu_(x)
    return out
