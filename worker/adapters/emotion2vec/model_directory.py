"""Find and describe model directories in FunASR's layout. Needs no torch."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

from shared.domain.emotion import ModelInfo, emotion_name
from worker.pipeline.errors import ModelUnavailable

BUNDLED = Path(__file__).parents[2] / "models"
_FILES = ("config.yaml", "configuration.json", "model.pt", "tokens.txt")
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
UNUSED = "unuse"
"""The prefix of tokens for outputs without a meaning: they are masked before the softmax and not reported."""


@dataclass(frozen=True, slots=True)
class ModelName:
    """The name that a user gives a model, and its directory if it is on this machine."""

    name: str
    directory: Path | None


def resolve(name: str) -> ModelName:
    """Resolve the name of a bundled model such as `mini`, a directory, or a hub id.

    Raises:
        ModelUnavailable: the name is none of these, or the directory lacks files; the message is a sentence.
    """
    directory = BUNDLED / name if re.fullmatch(r"\w+", name) and (BUNDLED / name).is_dir() else Path(name)
    if directory.is_dir():
        missing = [file for file in _FILES if not (directory / file).is_file()]
        if missing:
            raise ModelUnavailable(f"The model directory {name} lacks {', '.join(missing)}.")
        return ModelName(name, directory)
    if not _HUB_ID.fullmatch(name):
        raise ModelUnavailable(f"There is no model directory {name}, and it is neither a hub id nor a bundled model.")
    return ModelName(name, None)


def tokens(directory: Path) -> list[str]:
    """The lines of `tokens.txt`, one per output of the network, in order."""
    return (directory / "tokens.txt").read_text(encoding="utf-8").split()


def temperature(directory: Path) -> float:
    """The divisor of the network's logits (Guo et al. 2017, arXiv:1706.04599); 1 unless `configuration.json` has one.

    Raises:
        ModelUnavailable: the value is no positive number.
    """
    value = _about(directory).get("temperature", 1)
    if not isinstance(value, int | float) or not 0 < value < inf:
        raise ModelUnavailable(f"{directory / 'configuration.json'} has a temperature that is no positive number.")
    return float(value)


def describe(name: ModelName, directory: Path) -> ModelInfo:
    """The description of a model that comes with every result; reads all of its weights for their hash."""
    about = _about(directory)
    return ModelInfo(
        id=about.get("id") or (directory.name if name.directory else name.name),
        revision=about.get("revision"),
        sha256=_sha256(directory),
        labels=tuple(emotion_name(token) for token in tokens(directory) if not token.startswith(UNUSED)),
        notice=about.get("notice"),
    )


def _about(directory: Path) -> dict[str, Any]:
    configuration = json.loads((directory / "configuration.json").read_text(encoding="utf-8"))
    about: dict[str, Any] = configuration.get("emoline", {})
    return about


def _sha256(directory: Path) -> str:
    """The hash of everything that determines a score: weights, tokens, temperature."""
    digest = hashlib.sha256()
    for path in (directory / "model.pt", directory / "tokens.txt"):
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    if (divisor := temperature(directory)) != 1:
        digest.update(str(divisor).encode())
    return digest.hexdigest()
