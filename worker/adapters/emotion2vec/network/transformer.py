"""Transformer blocks over packed clips, which share each matrix product."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from worker.adapters.emotion2vec.network.attention import Attention
from worker.adapters.emotion2vec.network.linear import Linear


class Block:
    """FunASR's `AltBlock` with the norms last, in fp32 except for its matrix products."""

    def __init__(self, layer: Any, dtype: torch.dtype) -> None:
        self._heads: int = layer.attn.num_heads
        weight, bias = layer.attn.qkv.weight.clone(), layer.attn.qkv.bias.clone()
        dim = weight.shape[1]
        for queries in (weight[:dim], bias[:dim]):
            queries *= layer.attn.scale
        self._qkv = Linear(weight, bias, dtype)
        self._proj = Linear(layer.attn.proj.weight, layer.attn.proj.bias, dtype)
        self._fc1 = Linear(layer.mlp.fc1.weight, layer.mlp.fc1.bias, dtype, gelu=True)
        self._fc2 = Linear(layer.mlp.fc2.weight, layer.mlp.fc2.bias, dtype)
        self._norm1, self._norm2 = layer.norm1, layer.norm2

    def __call__(self, x: Tensor, attention: Attention) -> Tensor:
        """Transform the rows of all clips, [rows, dim], to the same shape; overwrites x."""
        x = self._norm1(x.add_(self._proj(attention(self._qkv(x), self._heads))))
        out: Tensor = self._norm2(x.add_(self._fc2(self._fc1(x))))
        return out
