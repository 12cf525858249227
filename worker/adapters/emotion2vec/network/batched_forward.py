"""The forward pass of emotion2vec (Ma et al. 2023, arXiv:2312.15185) for clips of any lengths at once.

Each clip gets the scores that FunASR gives it alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from shared.domain.emotion import emotion_name
from worker.adapters.emotion2vec.head import Head
from worker.adapters.emotion2vec.model_directory import UNUSED, temperature, tokens
from worker.adapters.emotion2vec.network.attention import Alibi, Attention
from worker.adapters.emotion2vec.network.checkpoint import load
from worker.adapters.emotion2vec.network.front_end import FRAMES_MULTIPLE, FrontEnd
from worker.adapters.emotion2vec.network.linear import Linear
from worker.adapters.emotion2vec.network.packing import Packing, pack
from worker.adapters.emotion2vec.network.positions import PositionalEncoder
from worker.adapters.emotion2vec.network.transformer import Block

_FULL_SCALE = 32768.0
_CHUNK_FRAMES = {"cpu": FRAMES_MULTIPLE, "cuda": 40 * FRAMES_MULTIPLE}
"""Frames computed at once by the front end: on CPU a second, 6.5 MB, which stays in the cache (measured: 25 to 400)."""
_ATTENTION_STEP = {"cpu": 32, "cuda": 160}
"""Lengths of clips are rounded up to this, in frames, so that few calls compute the attention of all. A GPU would wait
for a call per clip and layer; a CPU would wait for the padding, and needs few shapes only (see `packing`)."""


@dataclass(frozen=True, slots=True)
class Output:
    """The network's output for a batch of clips, in fp32 on the CPU.

    `frames` has the number of frames of each clip, 50 per second. `scores` [clips, labels] sum to 1. `logits`
    [sum(frames), labels] has one row per frame, clip after clip; the softmax of a clip's mean row is its scores.
    `embeddings` [clips, dim] are the means of `frame_embeddings` [sum(frames), dim], which are None unless requested.
    """

    frames: list[int]
    scores: Tensor
    logits: Tensor
    embeddings: Tensor
    frame_embeddings: Tensor | None


class Network:
    """The network of a model directory, with matrix products in `dtype` and everything else in fp32.

    Raises:
        ModelUnavailable: the directory has no complete emotion2vec network.
    """

    def __init__(
        self,
        directory: Path,
        device: torch.device,
        dtype: torch.dtype,
        *,
        head: Path | None = None,
        attention_step: int | None = None,
    ) -> None:
        names = tokens(directory)
        model = load(directory, len(names)).to(device)
        encoder = model.modality_encoders["AUDIO"]
        context = encoder.context_encoder
        used = [index for index, name in enumerate(names) if not name.startswith(UNUSED)]
        self.labels = [emotion_name(names[index]) for index in used]
        self._used = torch.tensor(used, device=device)
        self._device = device
        self._normalize = bool(model.cfg.normalize)
        self._front_end = FrontEnd(encoder.local_encoder, dtype, _CHUNK_FRAMES[device.type])
        _, self._features_norm, project = encoder.project_features
        self._project = Linear(project.weight, project.bias, dtype)
        self._positions = PositionalEncoder(encoder.relative_positional_encoder, dtype)
        self._extra = encoder.extra_tokens[0]
        self._norm = context.norm
        self._blocks = [Block(layer, dtype) for layer in (*context.blocks, *model.blocks)]
        self._alibi = Alibi(encoder.modality_cfg.num_alibi_heads, encoder.alibi_scale, len(self._extra), dtype)
        self._attention_step = attention_step or _ATTENTION_STEP[device.type]
        self._head = model.proj
        if head:
            self.labels = [emotion_name(name) for name in tokens(head)]
            self._head = _linear(Head.read(head), self._head, used).to(device)
            self._used = torch.arange(len(self.labels), device=device)
        for part in (self._head.weight, self._head.bias):
            part /= temperature(head or directory)

    @torch.inference_mode()
    def __call__(self, clips: Sequence[Tensor], *, frame_embeddings: bool = False) -> Output:
        """The output for clips [n] of int16 at 16 kHz, each of at least 400 samples."""
        frames = [self._front_end.frames(len(clip)) for clip in clips]
        x = self._encode(self._embed(clips, frames), frames)
        embeddings = torch.stack([part.mean(dim=0) for part in torch.split(x, frames)])
        # Leaving out the outputs without a meaning equals FunASR's minus infinity before the softmax.
        scores = self._head(embeddings)[:, self._used].softmax(dim=-1)
        logits = self._head(x)[:, self._used]
        return Output(frames, scores.cpu(), logits.cpu(), embeddings.cpu(), x.cpu() if frame_embeddings else None)

    def _embed(self, clips: Sequence[Tensor], frames: list[int]) -> Tensor:
        """The features of each frame plus its position's, [sum(frames), dim]."""
        packing = pack(frames, after=self._front_end.tail, device=self._device)
        features = self._front_end(self._pack_sound(clips, packing))[packing.rows]
        x = self._project(self._features_norm(features.float())).float()
        return x.add_(self._positions(x, frames))

    def _pack_sound(self, clips: Sequence[Tensor], packing: Packing) -> Tensor:
        """The sound of all clips, each normalised by itself, placed by the packing of their frames, [room].

        Samples at a clip's end that belong to no frame are left out.
        """
        stride = self._front_end.stride
        sound = torch.zeros(self._front_end.room(packing.starts[-1] + packing.lengths[-1]), device=self._device)
        for clip, start, length in zip(clips, packing.starts, packing.lengths, strict=True):
            wave = clip.to(self._device, non_blocking=True) / _FULL_SCALE
            wave = F.layer_norm(wave, wave.shape) if self._normalize else wave
            framed = wave[: self._front_end.samples(length)]
            sound[start * stride : start * stride + len(framed)] = framed
        return sound

    def _encode(self, x: Tensor, frames: list[int]) -> Tensor:
        """The transformer's output for [sum(frames), dim], of the same shape."""
        extra = len(self._extra)
        packing = pack(frames, before=extra, device=self._device)
        clips = pack([extra + length for length in frames])
        rest = x.new_zeros(clips.total - sum(clips.lengths), x.shape[1])
        x = torch.cat([*(part for clip in torch.split(x, frames) for part in (self._extra, clip)), rest])
        x = self._norm(x)
        attention = Attention(clips, self._alibi, self._attention_step, self._device)
        for block in self._blocks:
            x = block(x, attention)
        return x[packing.rows]


def _linear(head: Head, base: torch.nn.Linear, used: Sequence[int]) -> torch.nn.Linear:
    """The layer of a head in place of the `used` outputs of its base's. Raises ModelUnavailable."""
    weight, bias = head.matrix(*(part[used].double().cpu().numpy() for part in (base.weight, base.bias)))
    layer = torch.nn.Linear(weight.shape[1], weight.shape[0]).requires_grad_(False)
    layer.weight.copy_(torch.from_numpy(weight))
    layer.bias.copy_(torch.from_numpy(bias))
    return layer
