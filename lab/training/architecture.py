"""The shapes of Emotion2vec as FunASR's configuration files spell them.

Field names follow the `config.yaml` that the published emotion2vec+ checkpoints carry; only sizes vary.
"""

from dataclasses import dataclass
from typing import Any

from funasr.models.emotion2vec.model import Emotion2vec

SAMPLE_RATE = 16_000
"""Hz, of every waveform the model reads."""

FRAME_STRIDE = 320
"""Samples between two frames, 20 ms: the product of the strides in `Shape.feature_encoder_spec`."""


@dataclass(frozen=True)
class Shape:
    """Sizes of an Emotion2vec network. The defaults are the bundled checkpoint's."""

    embed_dim: int = 256
    num_heads: int = 8
    prenet_depth: int = 0
    depth: int = 1
    mlp_ratio: float = 12.0
    """Hidden units of each block by `embed_dim`."""
    conv_channels: tuple[int, ...] = (64, 64, 64, 128, 128, 128, 128)
    """Output channels of the seven convolutions; the first ones run at up to 3.2 kHz and cost the most."""
    positions: tuple[int, int] = (1, 9)
    """Number of successive positional convolutions, and their receptive field in frames."""

    @property
    def feature_encoder_spec(self) -> str:
        """The convolutions as a list of (channels, kernel, stride), in FunASR's spelling; a frame sees 400 samples."""
        layers = [(channels, *window) for channels, window in zip(self.conv_channels, _WINDOWS, strict=True)]
        return str(layers)


_WINDOWS = ((10, 5), (3, 2), (3, 2), (3, 2), (3, 2), (2, 2), (2, 2))
"""Kernel and stride of the seven convolutions, in their input's samples."""

LARGE = Shape(
    embed_dim=1024,
    num_heads=16,
    prenet_depth=4,
    depth=8,
    mlp_ratio=4.0,
    conv_channels=(512,) * 7,
    positions=(5, 95),
)
"""The shape of `iic/emotion2vec_plus_large`, 164 M parameters."""


def model_conf(shape: Shape) -> dict[str, Any]:
    """Return the `model_conf` mapping that FunASR's `Emotion2vec` reads."""
    return {
        "loss_beta": 0.0,
        "loss_scale": None,
        "depth": shape.depth,
        "start_drop_path_rate": 0.0,
        "end_drop_path_rate": 0.0,
        "num_heads": shape.num_heads,
        "norm_eps": 1e-5,
        "norm_affine": True,
        "encoder_dropout": 0.0,
        "post_mlp_drop": 0.0,
        "attention_dropout": 0.0,
        "activation_dropout": 0.0,
        "dropout_input": 0.0,
        "layerdrop": 0.0,
        "embed_dim": shape.embed_dim,
        "mlp_ratio": shape.mlp_ratio,
        "layer_norm_first": False,
        "average_top_k_layers": shape.depth,
        "end_of_block_targets": False,
        "clone_batch": 1,
        "normalize": True,
        "modalities": {"audio": _audio_conf(shape)},
    }


def build_model(shape: Shape, num_labels: int) -> Emotion2vec:
    """Return FunASR's own Emotion2vec with fresh weights from torch's global generator."""
    return Emotion2vec(model_conf=model_conf(shape), vocab_size=num_labels)


def _audio_conf(shape: Shape) -> dict[str, Any]:
    return {
        "type": "AUDIO",
        "prenet_depth": shape.prenet_depth,
        "prenet_layerdrop": 0.0,
        "prenet_dropout": 0.0,
        "start_drop_path_rate": 0.0,
        "end_drop_path_rate": 0.0,
        "num_extra_tokens": 10,
        "init_extra_token_zero": True,
        "mask_noise_std": 0.01,
        "mask_prob_min": None,
        "mask_prob": 0.5,
        "inverse_mask": False,
        "mask_prob_adjust": 0.05,
        "keep_masked_pct": 0.0,
        "mask_length": 5,
        "add_masks": False,
        "remove_masks": False,
        "mask_dropout": 0.0,
        "encoder_zero_mask": True,
        "mask_channel_prob": 0.0,
        "mask_channel_length": 64,
        "ema_local_encoder": False,
        "local_grad_mult": 1.0,
        "use_alibi_encoder": True,
        "alibi_scale": 1.0,
        "learned_alibi": False,
        "alibi_max_pos": None,
        "learned_alibi_scale": True,
        "learned_alibi_scale_per_head": True,
        "learned_alibi_scale_per_layer": False,
        "num_alibi_heads": shape.num_heads,
        "model_depth": shape.depth,
        "decoder": None,
        "extractor_mode": "layer_norm",
        "feature_encoder_spec": shape.feature_encoder_spec,
        "conv_pos_width": shape.positions[1],
        "conv_pos_groups": 16,
        "conv_pos_depth": shape.positions[0],
        "conv_pos_pre_ln": False,
    }
