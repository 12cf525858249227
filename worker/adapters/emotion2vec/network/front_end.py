"""The convolutional front end, from sound to 50 frames per second, computed as matrix products over packed clips.

It is the feature encoder of wav2vec 2.0 (Baevski et al. 2020, arXiv:2006.11477).
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from worker.adapters.emotion2vec.network.activation import gelu_
from worker.adapters.emotion2vec.network.linear import Linear
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
        self._scale, self._shift = norm[1].weight.to(dtype), norm[1].bias.to(dtype)
        self._eps: float = norm[1].eps
        taps = convolution.weight.permute(0, 2, 1)  # [out, kernel, in]
        # With a single input, one product over overlapping windows is faster.
        first, *rest = [taps] if taps.shape[2] == 1 else taps.split(self.stride, dim=1)
        self._first = Linear(first.flatten(1), None, dtype)
        self._rest = [part.flatten(1).T.to(dtype).contiguous() for part in rest]

    def __call__(self, x: Tensor) -> Tensor:
        """Convolve, normalise and activate [n, in] to [n', out]."""
        y = self._first(self._windows(x, 0, self._first.inputs))
        for index, weight in enumerate(self._rest, 1):
            y.addmm_(self._windows(x, index, len(weight)), weight)
        return gelu_(F.layer_norm(y, y.shape[1:], self._scale, self._shift, self._eps))

    def _windows(self, x: Tensor, index: int, width: int) -> Tensor:
        """The inputs of the weights `index` for each output, a view [n', width] of x [n, in]."""
        length = (len(x) - self.kernel) // self.stride + 1
        hop = self.stride * x.shape[1]
        return x.as_strided((length, width), (hop, 1), x.storage_offset() + index * hop)
