"""Attention within each of the clips that are packed side by side, with few calls for all of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from funasr.models.emotion2vec.base import get_alibi
from torch import Tensor

from worker.adapters.emotion2vec.network.packing import Packing, round_up

_BIAS_MULTIPLE = 16
"""CUDA's kernels copy a bias whose rows are not aligned."""
_QUERIES = 256
"""Queries computed at once on a CPU, so that their weights stay in the cache (measured: 32 to 512)."""


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
            self._bias = self._compute(round_up(length, _BIAS_MULTIPLE))
        return self._bias[..., :length, :length]

    def _compute(self, length: int) -> Tensor:
        frames = max(0, length - self._extra)
        bias = get_alibi(frames, self._heads).to(self._scale.device)[None] * self._scale
        return F.pad(bias, (self._extra, 0, self._extra, 0)).to(self._dtype)


@dataclass(frozen=True, slots=True)
class _Group:
    """`clips` clips of `length` rows each, with padding; their bias is [clips or 1, heads, length, length]."""

    clips: int
    length: int
    bias: Tensor


class Attention:
    """The attention of a batch: one call for all clips whose lengths round up to the same multiple of `step`.

    A shorter clip is padded behind, and the bias leaves the padding no weight.
    """

    def __init__(self, clips: Packing, alibi: Alibi, step: int, device: torch.device) -> None:
        groups = defaultdict[int, list[tuple[int, int]]](list)
        for start, length in zip(clips.starts, clips.lengths, strict=True):
            groups[round_up(length, step)].append((start, length))
        self._groups = [_Group(len(places), width, _bias(places, width, alibi)) for width, places in groups.items()]
        padded: list[Tensor] = []
        packed = torch.zeros(clips.total, dtype=torch.long)
        room = 0
        for width, places in groups.items():
            for start, length in places:
                # Any finite rows can pad: here the clip's first one.
                padded.append(F.pad(torch.arange(start, start + length), (0, width - length), value=start))
                packed[start : start + length] = torch.arange(room, room + length)
                room += width
        self._padded = torch.cat(padded).to(device, non_blocking=True)
        self._packed = packed.to(device, non_blocking=True)

    def __call__(self, projected: Tensor, heads: int) -> Tensor:
        """Attend with scaled queries, keys and values [rows, 3 * dim] of the packed clips; returns [rows, dim]."""
        sizes = [group.clips * group.length for group in self._groups]
        attended = []
        for group, rows in zip(self._groups, torch.split(projected[self._padded], sizes), strict=True):
            parts = rows.view(group.clips, group.length, 3, heads, -1)
            queries, keys, values = parts.permute(2, 0, 3, 1, 4)
            mixed = _attend(queries, keys, values, group.bias)
            attended.append(mixed.transpose(1, 2).reshape(len(rows), -1))
        return torch.cat(attended)[self._packed]


def _bias(places: list[tuple[int, int]], width: int, alibi: Alibi) -> Tensor:
    """The bias [clips or 1, heads, width, width] of clips at places (start, length)."""
    bias = alibi(width)
    if all(length == width for _, length in places):
        return bias
    lengths = torch.tensor([length for _, length in places], device=bias.device)
    padding = torch.arange(width, device=bias.device) >= lengths[:, None]
    return bias.masked_fill(padding[:, None, None], -torch.inf)


def _attend(queries: Tensor, keys: Tensor, values: Tensor, bias: Tensor) -> Tensor:
    """The mix of values for queries, keys and values [clips, heads, length, width] and a bias; of the same shape."""
    if queries.device.type != "cpu" or queries.dtype != torch.bfloat16:
        return F.scaled_dot_product_attention(queries, keys, values, bias, scale=1.0)
    # PyTorch's kernel multiplies small blocks, in bf16 hardly faster than in fp32.
    queries, values = queries.contiguous(), values.contiguous()
    keys = keys.transpose(2, 3).contiguous()
    mixed = []
    blocks = zip(torch.split(queries, _QUERIES, dim=2), torch.split(bias, _QUERIES, dim=2), strict=True)
    for block, own_bias in blocks:
        weights = torch.matmul(block, keys).add_(own_bias).softmax(dim=-1)
        mixed.append(torch.matmul(weights, values))
    return torch.cat(mixed, dim=2)
