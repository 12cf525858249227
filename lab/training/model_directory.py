"""Model directories that `funasr.AutoModel(model=DIR)` loads offline."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import yaml

from lab.training.architecture import Shape, build_model, model_conf

LABEL_NAMES = {
    "angry": "生气/angry",
    "disgusted": "厌恶/disgusted",
    "fearful": "恐惧/fearful",
    "happy": "开心/happy",
    "neutral": "中立/neutral",
    "other": "其他/other",
    "sad": "难过/sad",
    "surprised": "吃惊/surprised",
    "unknown": "<unk>",
}
"""Spelling of the labels in the published checkpoints' `tokens.txt`, in their order."""

BACKBONE_PREFIX = "d2v_model."
"""Prefix of every backbone key in a published `model.pt`; `proj.*` has none."""

_JITTER = 0.3
_LEAST_JITTERED = 0.1
_SHARPNESS = 4.0
"""Factor on a random checkpoint's head, so that its scores are as uneven as a trained one's."""


@dataclass(frozen=True)
class Identity:
    """Id, revision and notice of a checkpoint, under `emoline` in its `configuration.json`."""

    id: str
    revision: str
    notice: str


def published_state(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return a model's state as fp32 CPU tensors under the published key names, without the decoder."""
    return {
        key if key.startswith("proj.") else BACKBONE_PREFIX + key: tensor.detach().float().cpu().clone()
        for key, tensor in state.items()
        if ".decoder." not in key
    }


def write_model_directory(
    directory: Path,
    shape: Shape,
    state: Mapping[str, torch.Tensor],
    tokens: Sequence[str],
    identity: Identity,
) -> None:
    """Write `config.yaml`, `configuration.json`, `tokens.txt` and `model.pt` into `directory`.

    `state` is `build_model(shape, len(tokens)).state_dict()`; `tokens` are the head's outputs in order.
    Raises ValueError when the head's outputs and `tokens` differ in number.
    """
    if state["proj.weight"].shape[0] != len(tokens):
        raise ValueError(f"{state['proj.weight'].shape[0]} outputs for {len(tokens)} tokens")
    directory.mkdir(parents=True, exist_ok=True)
    # FunASR's tokenizer refuses a list without its unknown symbol, though no text is ever encoded here.
    unk_symbol = "<unk>" if "<unk>" in tokens else tokens[-1]
    config = {
        "model": "Emotion2vec",
        "model_conf": model_conf(shape),
        "tokenizer": "CharTokenizer",
        "tokenizer_conf": {"unk_symbol": unk_symbol, "split_with_space": True},
        "scope_map": [BACKBONE_PREFIX, "none"],
    }
    text = yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
    (directory / "config.yaml").write_text(text, encoding="utf-8")
    write_identity(directory, identity)
    (directory / "tokens.txt").write_text("\n".join(tokens) + "\n", encoding="utf-8")
    torch.save({"model": published_state(state)}, directory / "model.pt")


def write_identity(directory: Path, identity: Identity) -> None:
    """Write `configuration.json`, which names the directory's files and carries `identity`."""
    configuration = {
        "framework": "pytorch",
        "task": "emotion-recognition",
        "model": {"type": "funasr"},
        "pipeline": {"type": "funasr-pipeline"},
        "file_path_metas": {
            "init_param": "model.pt",
            "tokenizer_conf": {"token_list": "tokens.txt"},
            "config": "config.yaml",
        },
        "emoline": {"id": identity.id, "revision": identity.revision, "notice": identity.notice},
    }
    text = json.dumps(configuration, ensure_ascii=False, indent=2)
    (directory / "configuration.json").write_text(text + "\n", encoding="utf-8")


def write_random_model_directory(
    directory: Path, shape: Shape, tokens: Sequence[str], identity: Identity, seed: int = 0
) -> None:
    """Write a checkpoint of any shape with reproducible random weights, for tests and benchmarks.

    Every weight affects the scores, also those that fresh networks have at 0 or 1, and the labels differ from clip
    to clip, so that a mistake in a forward pass shows. Torch's global generator stays unchanged.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        state = build_model(shape, len(tokens)).state_dict()
        for tensor in state.values():
            tensor.add_(torch.randn_like(tensor) * _JITTER * tensor.abs().mean().clamp_min(_LEAST_JITTERED))
        state["proj.weight"] *= _SHARPNESS
    write_model_directory(directory, shape, state, tokens, identity)
