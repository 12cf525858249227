"""Load FunASR's Emotion2vec network strictly, and without a second copy of its weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from funasr.models.emotion2vec.model import Emotion2vec
from omegaconf import OmegaConf
from torch.overrides import TorchFunctionMode

from worker.pipeline.errors import ModelUnavailable

_BACKBONE = "d2v_model."
_UNNEEDED = ".decoder."
"""The decoder is for pre-training only; published checkpoints may lack it."""
_WRAPPERS = ("state_dict", "model_state_dict", "model")
_NAMED_KEYS = 5
_COPIED = 2**21
"""Weights of up to so many numbers are copied. The others are replaced on most devices, and if all are, the file is
mapped no longer."""
_REQUIRED = {
    "layer_norm_first": False,
    "modalities.audio.extractor_mode": "layer_norm",
    "modalities.audio.conv_pos_pre_ln": False,
    "modalities.audio.use_alibi_encoder": True,
    "modalities.audio.learned_alibi": False,
    "modalities.audio.learned_alibi_scale_per_layer": False,
}
"""The architecture of all published emotion2vec networks, which the forward pass here is written for."""


def load(directory: Path, outputs: int) -> Emotion2vec:
    """Load the network of a model directory with `outputs` scores onto the CPU, its large weights mapped from the file.

    FunASR's `AutoModel` fills missing weights with random ones; here they are an error.

    Raises:
        ModelUnavailable: the checkpoint is no complete network of this architecture.
    """
    conf = OmegaConf.load(directory / "config.yaml").model_conf
    for key, required in _REQUIRED.items():
        if (value := OmegaConf.select(conf, key, default=False)) != required:
            raise ModelUnavailable(f"{directory / 'config.yaml'} has {key} {value}; Emoline only runs {required}.")
    if "decoder" in conf.modalities.audio:
        conf.modalities.audio.decoder = None
    with torch.device("meta"), _NoRandomWeights():  # weights that are replaced at once need no memory
        model = Emotion2vec(model_conf=conf, vocab_size=outputs)
    _assign(model, directory / "model.pt")
    return model.eval().requires_grad_(False)


class _NoRandomWeights(TorchFunctionMode):
    """Leave tensors as they are where a network draws its first weights.

    On the device "meta" `normal_` does nothing either, but imports torch's compiler for it, more than half of the time
    in which a model's process starts.
    """

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func in (torch.Tensor.normal_, torch.nn.init.normal_):
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)


def _assign(model: torch.nn.Module, path: Path) -> None:
    try:
        stored = torch.load(path, map_location="cpu", mmap=True, weights_only=True)
    except Exception as error:
        raise ModelUnavailable(f"{path} is not a checkpoint that can be loaded safely: {error}") from error
    for wrapper in _WRAPPERS:
        stored = stored.get(wrapper, stored)
    state = {key.removeprefix(_BACKBONE): value for key, value in stored.items()}
    needed = model.state_dict()
    missing = sorted(key for key in needed if key not in state)
    misshapen = sorted(key for key in needed if key in state and state[key].shape != needed[key].shape)
    for problem, keys in (("lacks", missing), ("has another shape for", misshapen)):
        if keys:
            examples = ", ".join(keys[:_NAMED_KEYS]) + (", …" if len(keys) > _NAMED_KEYS else "")
            raise ModelUnavailable(f"{path} {problem} {len(keys)} of the network's weights: {examples}.")
    weights = {key: state[key].to(torch.float32, copy=state[key].numel() <= _COPIED) for key in needed}
    model.load_state_dict(weights, assign=True, strict=True)
