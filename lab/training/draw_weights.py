"""Second stage: the weights between front end and head are drawn, not learned.

Half an hour of speech is too little to learn a transformer's weights. Instead, some thousand hidden units get random
weights, and their means over a clip are the features of the third stage's regression, which has one solution.
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
"""Principal components of the front end's frames that are used, all scaled to the same variance."""

BIAS = 0.5
"""Standard deviation of the drawn biases, for inputs with a standard deviation of 1."""

ATTENTION = 0.5
"""Scale of queries and keys: small, so that attention depends on distance alone and averages the surrounding frames."""

ANCHORS = slice(len(LABELS), len(LABELS) + 2)
"""Channels of the last block's residual stream, after the channels of the logits. They hold `ANCHOR` and its negative,
which outweigh all other channels, so that the block's last norm divides every frame by the same number."""

ANCHOR = 1024.0


@torch.no_grad()
def draw_weights(model: Emotion2vec, clips: Sequence[Clip], generator: torch.Generator) -> None:
    """Draw the weights of `model` between front end and head; its extra tokens stay unchanged.

    Only the front end's frames of `clips` are used, not their labels.
    """
    encoder = model.modality_encoders["AUDIO"]
    frames = torch.cat([encode(local_encoder(model), clip.waveform) for clip in tqdm(clips, desc="frames")])
    _draw_projection(encoder.project_features[-1], F.layer_norm(frames, frames.shape[-1:]), generator)
    for layer in encoder.relative_positional_encoder.modules():
        if isinstance(layer, nn.Conv1d):
            _draw(layer, generator)
    for block in model.blocks:
        for layer in (block.attn.qkv, block.attn.proj, block.mlp.fc1):
            _draw(layer, generator)
        queries_and_keys = block.attn.qkv.weight[: -block.attn.proj.in_features]
        queries_and_keys *= ATTENTION
    _reserve_channels(model.blocks[-1])


@torch.inference_mode()
def mean_hidden_units(model: Emotion2vec, clips: Sequence[Clip], count: int) -> NDArray[np.float32]:
    """Return the last block's hidden units averaged over each clip, for `count` versions of it.

    The result is fp32 [versions, clips, hidden].
    """
    with HiddenUnits(model) as hidden:
        progress = tqdm([(number, clip) for number in range(count) for clip in clips], desc="features")
        means = [hidden.mean(distorted(clip, number)) for number, clip in progress]
    return np.asarray(torch.stack(means)).reshape(count, len(clips), -1)


def _reserve_channels(block: AltBlock) -> None:
    """Hide the channels of the logits and anchors from the hidden units, and set the anchors."""
    for values in (block.norm1.weight, block.norm1.bias):
        values[: len(LABELS)] = 0
        values[ANCHORS] = 0
    block.norm1.bias[ANCHORS] = torch.tensor([ANCHOR, -ANCHOR])
    block.mlp.fc1.weight[:, ANCHORS] = 0


class HiddenUnits:
    """The activations of the last block's hidden units, read by a hook."""

    def __init__(self, model: Emotion2vec) -> None:
        self._model = model
        self._encoder = model.modality_encoders["AUDIO"]
        self._front_end = self._encoder.local_encoder

    def __enter__(self) -> "HiddenUnits":
        self._encoder.local_encoder = nn.Identity()  # `encode` is quicker
        self._hook = self._model.blocks[-1].mlp.act.register_forward_hook(self._store)
        self._model.eval()
        return self

    def __exit__(self, *_: object) -> None:
        self._hook.remove()
        self._encoder.local_encoder = self._front_end

    def mean(self, waveform: Waveform) -> Tensor:
        """Return the mean of each hidden unit over a raw waveform [hidden]."""
        self._model.extract_features(encode(self._front_end, waveform).T[None])
        return self._activations[0, self._encoder.modality_cfg.num_extra_tokens :].mean(dim=0)

    def mean_with_embedding(self, waveform: Waveform) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the means over a raw waveform of the hidden units [hidden] and of the network's output [dim]."""
        output = self._model.extract_features(encode(self._front_end, waveform).T[None])["x"][0]
        hidden = self._activations[0, self._encoder.modality_cfg.num_extra_tokens :].mean(dim=0)
        return hidden.numpy(), output.mean(dim=0).numpy()

    def _store(self, _module: nn.Module, _inputs: object, activations: Tensor) -> None:
        self._activations = activations


def _draw_projection(project: nn.Linear, frames: Tensor, generator: torch.Generator) -> None:
    """Mix the frames' first principal components at random, each with a variance of 1."""
    mean = frames.mean(dim=0)
    variances, directions = torch.linalg.eigh(torch.cov((frames - mean).T))
    whitening = directions[:, -COMPONENTS:] / variances[-COMPONENTS:].sqrt()
    mixing = torch.randn(project.out_features, COMPONENTS, generator=generator) / COMPONENTS**0.5
    project.weight.copy_(mixing @ whitening.T)
    project.bias.copy_(-project.weight @ mean)


def _draw(layer: nn.Linear | nn.Conv1d, generator: torch.Generator) -> None:
    """Draw weights that turn inputs with a variance of 1 into outputs with a variance of 1, before the bias."""
    inputs = layer.weight[0].numel()
    layer.weight.copy_(torch.randn(layer.weight.shape, generator=generator) / inputs**0.5)
    if layer.bias is not None:
        layer.bias.copy_(torch.randn(layer.bias.shape, generator=generator) * BIAS)
