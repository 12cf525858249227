"""Find and describe model directories in FunASR's layout. Needs no torch and no client of a hub."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from typing import Any

from shared.domain.emotion import ModelInfo, emotion_name
from worker.adapters.emotion2vec.calibration import calibration_sha256
from worker.adapters.emotion2vec.head import HEAD_FILE
from worker.adapters.emotion2vec.hub_model import HubModel, read_record
from worker.adapters.emotion2vec.releases import WITHOUT_CLASSIFIER, Release, find_release, revision_to_download
from worker.pipeline.errors import ModelUnavailable

BUNDLED = Path(__file__).parents[2] / "models"
REQUIRED_FILES = ("config.yaml", "model.pt", "tokens.txt")
_HASHED_FILES = ("model.pt", "tokens.txt")
UNUSED = "unuse"
"""The prefix of tokens for outputs without a meaning: they are masked before the softmax and not reported."""


@dataclass(frozen=True, slots=True)
class ModelName:
    """The name that a user gives a model, and its directory if it is on this machine.

    `hub_model` is where it comes from, None for a bundled model and for a directory of the user's own. `head` is the
    directory of a head, whose base the other fields are of.
    """

    name: str
    directory: Path | None
    hub_model: HubModel | None = None
    head: Path | None = None


@dataclass(frozen=True, slots=True)
class Base:
    """The base of a head: its name as `EMOLINE_MODEL` takes it, and the SHA-256 of its `model.pt`."""

    model: str
    sha256: str


def resolve(name: str, models_dir: Path) -> ModelName:
    """Resolve the name of a bundled model such as `mini`, a directory, or a hub id. Sends no request.

    `models_dir` is the folder of downloads.

    Raises:
        ModelUnavailable: the name is none of these, the directory lacks files, or the model is known to have no
            classifier; the message is a sentence.
    """
    directory = BUNDLED / name if re.fullmatch(r"\w+", name) and (BUNDLED / name).is_dir() else Path(name)
    if (directory / HEAD_FILE).is_file():
        base = resolve(base_of(directory).model, models_dir)
        if base.head:
            raise ModelUnavailable(f"The base of {name} is a head itself; it must be a whole model.")
        return replace(base, name=name, head=directory)
    if directory.is_dir():
        missing = [file for file in REQUIRED_FILES if not (directory / file).is_file()]
        if missing:
            _refuse_encoder(directory.resolve().name)
            raise ModelUnavailable(f"The model directory {name} lacks {', '.join(missing)}.")
        return ModelName(name, directory)
    hub_model = HubModel.from_name(name)
    if not hub_model:
        raise ModelUnavailable(f"There is no model directory {name}, and it is neither a hub id nor a bundled model.")
    _refuse_encoder(hub_model.id.partition("/")[2])
    downloaded = hub_model.directory(models_dir.expanduser(), revision_to_download(hub_model))
    return ModelName(name, downloaded if read_record(downloaded) else None, hub_model)


def base_of(head: Path) -> Base:
    """Return the base that a head names. Raises ModelUnavailable."""
    try:
        base = _about(head)["base"]
        return Base(str(base["model"]), str(base["sha256"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ModelUnavailable(f"{head / 'configuration.json'} names no base, as a head must.") from error


def check_base(head: Path, directory: Path) -> None:
    """Check that `directory` has the network that a head was made for. Raises ModelUnavailable."""
    base = base_of(head)
    if file_sha256(directory / "model.pt") != base.sha256:
        raise ModelUnavailable(
            f"The head {head} was made for another {base.model}: the weights there are not the same."
        )


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


def describe(directory: Path) -> ModelInfo:
    """The description of a model that comes with every result; reads all of its weights for their hash.

    The id and the revision are those in `configuration.json`, else those of the release that the hashes show, else
    those of the download.
    """
    about = _about(directory)
    if (directory / HEAD_FILE).is_file():
        hashes = [base_of(directory).sha256, *(file_sha256(directory / file) for file in ("tokens.txt", HEAD_FILE))]
    else:
        hashes = [file_sha256(directory / file) for file in _HASHED_FILES]
    names = [source for source in (find_release(*hashes[:2]), read_record(directory)) if source]
    return ModelInfo(
        id=about.get("id") or next((source.id for source in names), directory.name),
        revision=about.get("revision") or next((source.revision for source in names), None),
        sha256=_model_sha256(hashes, temperature(directory), calibration_sha256(directory)),
        labels=tuple(emotion_name(token) for token in tokens(directory) if not token.startswith(UNUSED)),
        notice=about.get("notice"),
    )


def release_of(directory: Path) -> Release | None:
    """Recognise a known release by the hashes of weights and tokens."""
    return find_release(*(file_sha256(directory / file) for file in _HASHED_FILES))


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _refuse_encoder(name: str) -> None:
    if name in WITHOUT_CLASSIFIER:
        raise ModelUnavailable(
            f"{name} has no classifier, so it gives no emotions; take a model that has one, such as "
            "iic/emotion2vec_plus_large."
        )


def _about(directory: Path) -> dict[str, Any]:
    try:
        configuration = json.loads((directory / "configuration.json").read_text(encoding="utf-8"))
    except FileNotFoundError:  # FunASR does without it too
        return {}
    about: dict[str, Any] = configuration.get("emoline", {})
    return about


def _model_sha256(hashes: Sequence[str], divisor: float, calibration: str | None) -> str:
    """The hash of everything that determines a score: weights, tokens, temperature, calibration."""
    digest = hashlib.sha256()
    for sha256 in hashes:
        digest.update(bytes.fromhex(sha256))
    if divisor != 1:
        digest.update(str(divisor).encode())
    if calibration:
        digest.update(bytes.fromhex(calibration))
    return digest.hexdigest()
