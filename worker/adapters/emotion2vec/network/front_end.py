"""The convolutional front end, from sound to 50 frames per second, computed as matrix products over packed clips.

It is the feature encoder of wav2vec 2.0 (Baevski et al. 2020, arXiv:2006.11477).
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from worker.adapters.emotion2vec.network.activation import gelu_
from worker.adapters.emotion2vec.network.packing import round_up

FRAMES_MULTIPLE = 50
"""The number of frames is rounded up to this, so that kernels are compiled for few shapes (see `packing`)."""


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
        """The frames of sound, counted in strides, that a clip's last frame reaches beyond its own stride."""

    def frames(self, samples: int) -> int:
        """The number of frames of a clip of `samples` samples."""
        return max(0, (samples - self.reach) // self.stride + 1)

    def samples(self, frames: int) -> int:
        """The number of samples that `frames` frames depend on."""
        return (frames - 1) * self.stride + self.reach

    def room(self, frames: int) -> int:
        """The samples of a packed sound of `frames` frames, with silence to fill it up to FRAMES_MULTIPLE."""
        return self.samples(round_up(frames, FRAMES_MULTIPLE))

    def __call__(self, sound: Tensor) -> Tensor:
        """The features [frames, channels] of a packed sound [room] in fp32, including the silence behind it."""
        sound = sound.to(self._dtype)
        total = self.frames(len(sound))
        chunks = []
        for start in range(0, total, self._chunk):
            frames = min(self._chunk, total - start)
            x = sound[start * self.stride :][: self.samples(frames), None]
            for layer in self._layers:
                x = layer(x)
            chunks.append(x)
        return torch.cat(chunks)


class _Layer:
    def __init__(self, layer: Any, dtype: torch.dtype) -> None:
        convolution, _, norm, _ = layer.children()
        self.kernel: int = convolution.kernel_size[0]
        self.stride: int = convolution.stride[0]
        self._norm = norm[1].to(dtype)
        # [out, in, kernel] becomes for each stride's worth of taps a matrix [taps * in, out].
        taps = convolution.weight.permute(2, 1, 0).to(dtype)
        if taps.shape[1] == 1:  # with a single input, one product over copied windows is faster
            self._weights = [taps.flatten(0, 1).contiguous()]
        else:
            self._weights = [part.flatten(0, 1).contiguous() for part in taps.split(self.stride)]

    def __call__(self, x: Tensor) -> Tensor:
        """Convolve, normalise and activate [n, in] to [n', out]."""
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
        """The inputs of the weights `index` for each of `length` outputs, a view [length, taps * in] of x [n, in]."""
        hop = self.stride * x.shape[1]
        return x.as_strided((length, len(self._weights[index])), (hop, 1), x.storage_offset() + index * hop)
