"""Model directories in FunASR's layout: where they are and what they say of themselves. Needs no torch."""

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
"""Tokens that begin so are outputs without a meaning: masked before the softmax and not reported."""


@dataclass(frozen=True, slots=True)
class ModelName:
    """What a user calls a model, and the directory of it where that is on this machine already."""

    name: str
    directory: Path | None


def resolve(name: str) -> ModelName:
    """`mini`, a directory or a hub id.

    Raises:
        ModelUnavailable: neither; the sentence says what is missing.
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
    """The lines of `tokens.txt`: one for each output of the network, in order."""
    return (directory / "tokens.txt").read_text(encoding="utf-8").split()


def temperature(directory: Path) -> float:
    """What the network's logits are divided by; 1 where `configuration.json` says nothing.

    Raises:
        ModelUnavailable: it says something that is no positive number.
    """
    given = _about(directory).get("temperature", 1)
    if not isinstance(given, int | float) or not 0 < given < inf:
        raise ModelUnavailable(f"{directory / 'configuration.json'} has a temperature that is no positive number.")
    return float(given)


def describe(name: ModelName, directory: Path) -> ModelInfo:
    """What is reported of a model with every result; reads the whole of its weights for their hash."""
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
    """Of all that changes a score."""
    digest = hashlib.sha256()
    for path in (directory / "model.pt", directory / "tokens.txt"):
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    if (divisor := temperature(directory)) != 1:
        digest.update(str(divisor).encode())
    return digest.hexdigest()
