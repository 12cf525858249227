"""FunASR's own Emotion2vec network, loaded strictly and asked for scores. Runs in the model's process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from funasr.models.emotion2vec.model import Emotion2vec
from omegaconf import OmegaConf

from shared.domain.emotion import emotion_name
from worker.adapters.emotion2vec.directory import UNUSED, tokens
from worker.pipeline.errors import ModelUnavailable
from worker.pipeline.ports import Samples

_BACKBONE = "d2v_model."
_UNNEEDED = ".decoder."
"""The decoder was for pre-training; published checkpoints may come without it."""
_WRAPPERS = ("state_dict", "model_state_dict", "model")
_FULL_SCALE = 32768.0
_NAMED_KEYS = 5


class Network:
    """Scores by emotion, one clip after the other: without padding there is no error from padding.

    FunASR's `AutoModel` would take a checkpoint that lacks keys and go on with random weights; this refuses it.
    """

    def __init__(self, directory: Path, device: str) -> None:
        self._tokens = tokens(directory)
        self._device = torch.device(device)
        config = OmegaConf.load(directory / "config.yaml")
        model = Emotion2vec(model_conf=config.model_conf, vocab_size=len(self._tokens))
        _load(model, directory / "model.pt")
        self._model = model.to(self._device).eval()
        unused = [token.startswith(UNUSED) for token in self._tokens]
        self._unused = torch.tensor(unused, device=self._device)

    @torch.inference_mode()
    def scores(self, clips: Sequence[Samples]) -> list[dict[str, float]]:
        """Scores of each clip [n] of int16 at 16 kHz, as FunASR's `generate` gives them."""
        return [self._named(self._probabilities(clip)) for clip in clips]

    def _probabilities(self, clip: Samples) -> list[float]:
        sound = torch.from_numpy(clip.astype(np.float32) / _FULL_SCALE).to(self._device)
        if self._model.cfg.normalize:
            sound = F.layer_norm(sound, sound.shape)
        frames = self._model.extract_features(sound[None], padding_mask=None)["x"]
        logits = self._model.proj(frames.mean(dim=1)).masked_fill(self._unused, -torch.inf)
        probabilities: list[float] = torch.softmax(logits, dim=-1)[0].tolist()
        return probabilities

    def _named(self, probabilities: Sequence[float]) -> dict[str, float]:
        pairs = zip(self._tokens, probabilities, strict=True)
        return {emotion_name(token): score for token, score in pairs if not token.startswith(UNUSED)}


def _load(model: torch.nn.Module, path: Path) -> None:
    try:
        stored = torch.load(path, map_location="cpu", mmap=True, weights_only=True)
    except Exception as error:
        raise ModelUnavailable(f"{path} is not a checkpoint that can be loaded safely: {error}") from error
    state = {key.removeprefix(_BACKBONE): value for key, value in _unwrapped(stored).items()}
    needed = {key: value for key, value in model.state_dict().items() if _UNNEEDED not in key}
    missing = sorted(key for key in needed if key not in state)
    misshapen = sorted(key for key in needed if key in state and state[key].shape != needed[key].shape)
    for problem, keys in (("lacks", missing), ("has another shape for", misshapen)):
        if keys:
            raise ModelUnavailable(f"{path} {problem} {len(keys)} of the network's weights: {_some(keys)}.")
    model.load_state_dict({key: state[key] for key in needed}, strict=False)


def _unwrapped(stored: Mapping[str, Any]) -> Mapping[str, Any]:
    for wrapper in _WRAPPERS:
        stored = stored.get(wrapper, stored)
    return stored


def _some(keys: Sequence[str]) -> str:
    return ", ".join(keys[:_NAMED_KEYS]) + (", …" if len(keys) > _NAMED_KEYS else "")
