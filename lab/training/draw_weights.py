"""Second stage: between front end and head, weights are drawn and not learned.

Half an hour of speech is little to learn a transformer's weights from. What some thousand units with weights drawn at
random answer on average over a clip (what of its spectrum,
its changes and its mean lies beyond which level) is regressed upon by the third stage, which has one solution.
Rahimi and Recht, Random Features for Large-Scale Kernel Machines, 2007.
"""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from funasr.models.emotion2vec.model import Emotion2vec
from funasr.models.emotion2vec.modules import AltBlock
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from lab.training.dataset import LABELS, Clip, Waveform
from lab.training.pretrain import encode, local_encoder
from lab.training.versions import distorted

COMPONENTS = 60
"""Principal components of the front end's frames that are looked at, each as loud as the others."""

BIAS = 0.5
"""Standard deviation of the drawn thresholds, where inputs have 1."""

ATTENTION = 0.5
"""Of queries and keys: attention then is nearly even, by distance alone, and sees what is around on average."""


ANCHORS = slice(len(LABELS), len(LABELS) + 2)
"""Places in the sum that runs through the last block, behind those of the logits. They hold `ANCHOR` and its negative,
so much more than all others that the block's last norm divides every frame by the same."""

ANCHOR = 1024.0


@torch.no_grad()
def draw_weights(model: Emotion2vec, clips: Sequence[Clip], generator: torch.Generator) -> None:
    """Draw the weights of `model` between front end and head, whose extra tokens stay as they are. Of `clips`, only the
    front end's frames are used."""
    encoder = model.modality_encoders["AUDIO"]
    _draw_projection(encoder.project_features[-1], _normed_frames(model, clips), generator)
    for layer in encoder.relative_positional_encoder.modules():
        if isinstance(layer, nn.Conv1d):
            _draw(layer, generator)
    for block in model.blocks:
        for layer in (block.attn.qkv, block.attn.proj, block.mlp.fc1):
            _draw(layer, generator)
        queries_and_keys = block.attn.qkv.weight[: -block.attn.proj.in_features]
        queries_and_keys *= ATTENTION
    _keep_places(model.blocks[-1])


@torch.inference_mode()
def features(model: Emotion2vec, clips: Sequence[Clip], count: int) -> NDArray[np.float32]:
    """The last block's hidden units on average over each clip, fp32 [versions, clips, hidden], for `count` versions."""
    with _HiddenUnits(model) as hidden:
        progress = tqdm([(number, clip) for number in range(count) for clip in clips], desc="features")
        found = [hidden.mean(distorted(clip, number)) for number, clip in progress]
    return np.asarray(torch.stack(found)).reshape(count, len(clips), -1)


def _keep_places(block: AltBlock) -> None:
    """Keep places for the logits out of what the hidden units see, and put the anchors there."""
    for values in (block.norm1.weight, block.norm1.bias):
        values[: len(LABELS)] = 0
        values[ANCHORS] = 0
    block.norm1.bias[ANCHORS] = torch.tensor([ANCHOR, -ANCHOR])
    block.mlp.fc1.weight[:, ANCHORS] = 0


class _HiddenUnits:
    """What the last block's hidden units answer to sound."""

    def __init__(self, model: Emotion2vec) -> None:
        self._model = model
        self._encoder = model.modality_encoders["AUDIO"]
        self._front_end = self._encoder.local_encoder

    def __enter__(self) -> "_HiddenUnits":
        self._encoder.local_encoder = nn.Identity()  # `encode` is quicker
        self._hook = self._model.blocks[-1].mlp.act.register_forward_hook(self._keep)
        self._model.eval()
        return self

    def __exit__(self, *_: object) -> None:
        self._hook.remove()
        self._encoder.local_encoder = self._front_end

    def mean(self, waveform: Waveform) -> Tensor:
        """Each hidden unit's mean over a raw waveform [hidden]."""
        self._model.extract_features(encode(self._front_end, waveform).T[None])
        return self._answers[0, self._encoder.modality_cfg.num_extra_tokens :].mean(dim=0)

    def _keep(self, _module: nn.Module, _inputs: object, answers: Tensor) -> None:
        self._answers = answers


def _normed_frames(model: Emotion2vec, clips: Sequence[Clip]) -> Tensor:
    frames = torch.cat([encode(local_encoder(model), clip.waveform) for clip in tqdm(clips, desc="frames")])
    return F.layer_norm(frames, frames.shape[-1:])


def _draw_projection(project: nn.Linear, frames: Tensor, generator: torch.Generator) -> None:
    """Mix the frames' first principal components at random, each with a variance of 1."""
    mean = frames.mean(dim=0)
    variances, directions = torch.linalg.eigh(torch.cov((frames - mean).T))
    whitening = directions[:, -COMPONENTS:] / variances[-COMPONENTS:].sqrt()
    mixing = torch.randn(project.out_features, COMPONENTS, generator=generator) / COMPONENTS**0.5
    project.weight.copy_(mixing @ whitening.T)
    project.bias.copy_(-project.weight @ mean)


def _draw(layer: nn.Linear | nn.Conv1d, generator: torch.Generator) -> None:
    """So that inputs with a variance of 1 give outputs with one, before the bias."""
    inputs = layer.weight[0].numel()
    layer.weight.copy_(torch.randn(layer.weight.shape, generator=generator) / inputs**0.5)
    if layer.bias is not None:
        layer.bias.copy_(torch.randn(layer.bias.shape, generator=generator) * BIAS)
