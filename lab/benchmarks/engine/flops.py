"""Floating-point operations of the network's products, counted from its layers' shapes."""

from __future__ import annotations

from typing import Any

from torch import nn


def network_flops(model: Any, samples: int) -> int:
    """Count the FLOPs of one clip [samples] through FunASR's `Emotion2vec`.

    Each product in a convolution, linear layer or attention counts as two. Norms, activations and the softmax are left
    out: they are no work for matrix units, and under 1 % of the whole.
    """
    encoder = model.modality_encoders["AUDIO"]
    convolutions, frames = front_end_flops(encoder.local_encoder, samples)
    tokens = frames + encoder.extra_tokens.shape[1]
    blocks = sum(block_flops(block, tokens) for block in (*encoder.context_encoder.blocks, *model.blocks))
    head: int = 2 * model.proj.weight.numel()
    # The projection to the embedding, and the positional convolutions; grouped weights count a group's inputs only.
    layers = layers_of_type(encoder.project_features, nn.Linear) + layers_of_type(
        encoder.relative_positional_encoder, nn.Conv1d
    )
    per_frame: int = sum(2 * layer.weight.numel() for layer in layers)
    return convolutions + frames * per_frame + blocks + head


def front_end_flops(local_encoder: Any, samples: int) -> tuple[int, int]:
    """Return the FLOPs of the seven convolutions, and the number of their output frames."""
    flops, length = 0, samples
    for convolution in layers_of_type(local_encoder, nn.Conv1d):
        length = (length - convolution.kernel_size[0]) // convolution.stride[0] + 1
        flops += 2 * length * convolution.weight.numel()
    return flops, length


def block_flops(block: Any, tokens: int) -> int:
    """Return the FLOPs of a block: its linear layers, the attention's weights, and its mix of the values."""
    linears: int = sum(2 * tokens * layer.weight.numel() for layer in layers_of_type(block, nn.Linear))
    dim: int = block.attn.proj.out_features
    return linears + 2 * 2 * tokens**2 * dim


def layers_of_type(module: Any, kind: type[nn.Module]) -> list[Any]:
    """Return the layers of a type at any depth."""
    return [layer for layer in module.modules() if isinstance(layer, kind)]
