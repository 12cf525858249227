"""Transformer blocks over packed clips: all share each matrix product, only the attention is computed per clip."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from funasr.models.emotion2vec.base import get_alibi
from torch import Tensor, nn

from worker.adapters.emotion2vec.network.activation import gelu_
from worker.adapters.emotion2vec.network.packing import Packing, round_up


class Alibi:
    """The attention bias by distance (ALiBi, Press et al. 2021, arXiv:2108.12409), shared by all clips and layers.

    It is computed for the longest clip so far. The extra tokens have no distance: their rows and columns are zero.
    """

    def __init__(self, heads: int, scale: Tensor, extra_tokens: int, dtype: torch.dtype) -> None:
        self._heads = heads
        self._scale = scale.clamp_min(0).reshape(1, -1, 1, 1)
        self._extra = extra_tokens
        self._dtype = dtype
        self._bias = self._compute(0)

    def __call__(self, length: int) -> Tensor:
        """The bias [1, heads, length, length]."""
        if length > self._bias.shape[-1]:
            # CUDA's kernels copy a bias whose rows are not aligned.
            self._bias = self._compute(round_up(length, 16))
        return self._bias[..., :length, :length]

    def _compute(self, length: int) -> Tensor:
        frames = max(0, length - self._extra)
        bias = get_alibi(frames, self._heads).to(self._scale.device)[None] * self._scale
        return F.pad(bias, (self._extra, 0, self._extra, 0)).to(self._dtype)


class Block:
    """FunASR's `AltBlock` with the norms last, in fp32 except for its matrix products."""

    def __init__(self, layer: Any, dtype: torch.dtype) -> None:
        self._layer = layer
        for part in layer.modules():
            if isinstance(part, nn.Linear):
                part.to(dtype)

    def __call__(self, x: Tensor, clips: Packing, alibi: Alibi) -> Tensor:
        """Transform the rows of all clips, [rows, dim], to the same shape; overwrites x."""
        layer = self._layer
        x = layer.norm1(x.add_(self._attention(x, clips, alibi)))
        hidden = gelu_(linear(layer.mlp.fc1, x))
        out: Tensor = layer.norm2(x.add_(linear(layer.mlp.fc2, hidden)))
        return out

    def _attention(self, x: Tensor, clips: Packing, alibi: Alibi) -> Tensor:
        attention = self._layer.attn
        heads = attention.num_heads
        queries, keys, values = linear(attention.qkv, x).view(len(x), 3, heads, -1).permute(1, 2, 0, 3)
        joined = values.new_zeros(len(x), heads, values.shape[-1])
        for start, length in zip(clips.starts, clips.lengths, strict=True):
            clip = slice(start, start + length)
            attended = F.scaled_dot_product_attention(
                queries[None, :, clip], keys[None, :, clip], values[None, :, clip], alibi(length)
            )
            joined[clip] = attended[0].transpose(0, 1)
        return linear(attention.proj, joined.flatten(1))


def linear(layer: nn.Linear, x: Tensor) -> Tensor:
    """Apply a linear layer in the dtype of its weights."""
    return F.linear(x.to(layer.weight.dtype), layer.weight, layer.bias)
