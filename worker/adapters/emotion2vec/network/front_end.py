"""The convolutions that turn sound into 50 frames a second, as matrix products over whatever is packed together."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from worker.adapters.emotion2vec.network.activation import gelu_
from worker.adapters.emotion2vec.network.packing import round_up

FRAMES_MULTIPLE = 50
"""Frames are computed in such numbers, so that there are few shapes to compile kernels for (see `packing`)."""


class FrontEnd:
    """FunASR's `local_encoder`: seven convolutions without padding, each with a layer norm per frame and a GELU.

    A convolution of kernel k and stride s is a sum of ceil(k / s) matrix products over rows of s inputs each, with
    channels last and nothing copied. Frames depend on `reach` samples each and on nothing else, so clips that lie
    side by side are computed together, and a long sequence in chunks that stay in the cache.
    """

    def __init__(self, local_encoder: Any, dtype: torch.dtype, chunk: int) -> None:
        self._layers = [_Layer(layer, dtype) for layer in local_encoder.conv_layers]
        self._dtype = dtype
        self._chunk = chunk
        self.stride, self.reach = 1, 1
        for layer in self._layers:
            self.reach += (layer.kernel - 1) * self.stride
            self.stride *= layer.stride
        self.tail = round_up(self.reach - self.stride, self.stride) // self.stride
        """Frames' worth of sound that a clip's last frame reaches into behind its own."""

    def frames(self, samples: int) -> int:
        """How many frames a clip of so many samples gives."""
        return max(0, (samples - self.reach) // self.stride + 1)

    def samples(self, frames: int) -> int:
        """How many samples so many frames see."""
        return (frames - 1) * self.stride + self.reach

    def room(self, frames: int) -> int:
        """How many samples a packed sound of so many frames needs, with the silence that makes its chunks whole."""
        return self.samples(round_up(frames, FRAMES_MULTIPLE))

    def __call__(self, sound: Tensor) -> Tensor:
        """Features [frames, channels] of a packed sound [room] in fp32, those of the silence behind it too."""
        sound = sound.to(self._dtype)
        total = self.frames(len(sound))
        return torch.cat([self._part(sound, at, min(at + self._chunk, total)) for at in range(0, total, self._chunk)])

    def _part(self, sound: Tensor, start: int, end: int) -> Tensor:
        x = sound[start * self.stride :][: self.samples(end - start), None]
        for layer in self._layers:
            x = layer(x)
        return x


class _Layer:
    def __init__(self, layer: Any, dtype: torch.dtype) -> None:
        convolution, _, norm, _ = layer.children()
        self.kernel: int = convolution.kernel_size[0]
        self.stride: int = convolution.stride[0]
        self._norm = norm[1].to(dtype)
        # [out, in, kernel] becomes for each stride's worth of taps a matrix [taps * in, out].
        taps = convolution.weight.permute(2, 1, 0).to(dtype)
        if taps.shape[1] == 1:  # so few inputs that one product over copied windows is quicker
            self._weights = [taps.flatten(0, 1).contiguous()]
        else:
            self._weights = [part.flatten(0, 1).contiguous() for part in taps.split(self.stride)]

    def __call__(self, x: Tensor) -> Tensor:
        """[n, in] to [n', out]."""
        length = (len(x) - self.kernel) // self.stride + 1
        if x.shape[1] == 1:
            y = x[:, 0].unfold(0, self.kernel, self.stride) @ self._weights[0]
        else:
            y = self._rows(x, 0, length) @ self._weights[0]
            for index, weight in enumerate(self._weights[1:], 1):
                y.addmm_(self._rows(x, index, length), weight)
        norm = self._norm
        return gelu_(F.layer_norm(y, norm.normalized_shape, norm.weight, norm.bias, norm.eps))

    def _rows(self, x: Tensor, index: int, length: int) -> Tensor:
        """What the weights of `index` see of x for each of `length` outputs, [length, taps * in]; a view."""
        hop = self.stride * x.shape[1]
        return x.as_strided((length, len(self._weights[index])), (hop, 1), x.storage_offset() + index * hop)
