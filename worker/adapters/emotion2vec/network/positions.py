"""The convolutional positional encoding (as in wav2vec 2.0, Baevski et al. 2020, arXiv:2006.11477)."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from worker.adapters.emotion2vec.network.activation import gelu_
from worker.adapters.emotion2vec.network.packing import pack


class PositionalEncoder:
    """FunASR's `relative_positional_encoder` for packed clips.

    Each clip is followed by a gap of zero rows as wide as half the kernel. The gaps are set to zero again after every
    layer: bias and layer norm fill them, and the next layer would mix that into the clips.
    """

    def __init__(self, encoder: Any, dtype: torch.dtype) -> None:
        layers: list[Any] = [layer for layer in encoder.children() if isinstance(layer, nn.Sequential)]
        first = layers[0][0]
        self._weights = [(layer[0].weight.to(dtype), layer[0].bias.to(dtype)) for layer in layers]
        self._eps: float = layers[0][3].eps
        self._dtype = dtype
        self._groups: int = first.groups
        self._gap: int = first.kernel_size[0] // 2

    def __call__(self, x: Tensor, lengths: list[int]) -> Tensor:
        """The encoding to add to the frames x of clips of `lengths` frames, [sum(lengths), dim]."""
        packing = pack(lengths, after=self._gap, device=x.device)
        gaps = torch.ones(packing.total, dtype=torch.bool, device=x.device).index_fill_(0, packing.rows, False)
        padded = x.new_zeros(packing.total, x.shape[1]).index_copy_(0, packing.rows, x)
        for weight, bias in self._weights:
            channels = padded.to(self._dtype).T[None]
            padded = F.conv1d(channels, weight, bias, padding=self._gap, groups=self._groups)[0].T.float()
            padded = gelu_(F.layer_norm(padded, padded.shape[1:], eps=self._eps))
            padded[gaps] = 0
        return padded[packing.rows]
