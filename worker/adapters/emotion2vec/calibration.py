"""The calibration of a model: `calibration.json` and `calibration.npz` in its directory, both or neither.

`calibration.json` has `format` (1), `source` (the data, in a sentence), `labels` (in the order of the network's
outputs), `distance_limit` and `temperature` (`unfamiliarity` and `divisor`). `calibration.npz` has `mean` [dim] and
`whitening` [k, dim], and with an entry for each calibration clip [n] `nonconformity`, `label` (a number of `labels`)
and `familiar`. docs/explanation/calibration.md explains the method.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from shared.frame_scores import softmax
from worker.pipeline.errors import ModelUnavailable

Floats = NDArray[np.float32]

FILES = ("calibration.json", "calibration.npz")
FORMAT = 1


@dataclass(frozen=True, slots=True, eq=False)
class Familiarity:
    """The distance of an embedding from those of the calibration data, by Mahalanobis.

    `mean` [dim] and `whitening` [k, dim] make embeddings into values with a variance of 1. Nine of ten clips of
    speakers who were left out are nearer than `limit`.
    """

    mean: Floats
    whitening: Floats
    limit: float

    def unfamiliarity(self, embeddings: Floats) -> Floats:
        """Compute how unfamiliar embeddings [clips, dim] are [clips]: their distance by the limit."""
        distances: Floats = np.linalg.norm((embeddings - self.mean) @ self.whitening.T, axis=1) / self.limit
        return distances


@dataclass(frozen=True, slots=True)
class Temperature:
    """The divisor of logits by the unfamiliarity of the sound, which it grows with.

    `divisor` has its values at `unfamiliarity`, both ascending; their logarithms are interpolated, and beyond the ends
    it is constant. It was fitted so that confidences match the rate of right answers.
    """

    unfamiliarity: tuple[float, ...]
    divisor: tuple[float, ...]

    def divisors(self, unfamiliarity: Floats) -> Floats:
        """Compute the divisors [clips]."""
        logarithms = np.interp(unfamiliarity, self.unfamiliarity, np.log(self.divisor)).astype(np.float32)
        divisors: Floats = np.exp(logarithms)
        return divisors


NO_TEMPERATURE = Temperature((1.0,), (1.0,))
"""The temperature that leaves logits as they are."""


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationClips:
    """The calibration clips [n]: how little the model thought of their true label, 1 minus its score, and their label.

    `familiar` tells those apart to which the familiar segments of a user are compared; the others stand for the rest.
    """

    nonconformity: Floats
    label: NDArray[np.int64]
    familiar: NDArray[np.bool_]

    def p_values(self, scores: Floats, familiar: NDArray[np.bool_]) -> Floats:
        """Compute p-values [clips, labels] of scores [clips, labels] of clips that are `familiar` [clips] or not.

        A label of which there are no such calibration clips has the p-value 1, so that no set leaves it out.
        """
        p_values = np.ones_like(scores)
        for label in range(scores.shape[1]):
            for group in (False, True):
                known = np.sort(self.nonconformity[(self.label == label) & (self.familiar == group)])
                asked = familiar == group
                at_least = len(known) - np.searchsorted(known, 1 - scores[asked, label], side="left")
                p_values[asked, label] = (at_least + 1) / (len(known) + 1)
        return p_values


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """All that the files hold. `source` is a sentence on the data."""

    source: str
    labels: tuple[str, ...]
    familiarity: Familiarity
    temperature: Temperature
    clips: CalibrationClips

    @classmethod
    def read(cls, directory: Path, labels: tuple[str, ...]) -> Self | None:
        """Read the calibration of a model with these labels, None if the directory has none.

        Raises:
            ModelUnavailable: the files are incomplete, damaged, or of a model with other labels.
        """
        present = [name for name in FILES if (directory / name).is_file()]
        if not present:
            return None
        try:
            about = json.loads((directory / FILES[0]).read_text(encoding="utf-8"))
            with np.load(directory / FILES[1], allow_pickle=False) as arrays:
                calibration = cls._from_files(about, dict(arrays))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelUnavailable(f"The calibration in {directory} cannot be read: {error}.") from error
        if calibration.labels != labels:
            raise ModelUnavailable(f"The calibration in {directory} is of a model with other labels.")
        return calibration

    @classmethod
    def _from_files(cls, about: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:
        if about["format"] != FORMAT:
            raise ValueError(f"format {about['format']} is not known")
        return cls(
            about["source"],
            tuple(about["labels"]),
            Familiarity(arrays["mean"], arrays["whitening"], float(about["distance_limit"])),
            Temperature(*(tuple(map(float, about["temperature"][name])) for name in ("unfamiliarity", "divisor"))),
            CalibrationClips(arrays["nonconformity"], arrays["label"], arrays["familiar"]),
        )

    def write(self, directory: Path, figures: dict[str, Any]) -> None:
        """Write both files; `figures` are what was measured, for people."""
        about = {
            "format": FORMAT,
            "source": self.source,
            "labels": list(self.labels),
            "distance_limit": self.familiarity.limit,
            "temperature": asdict(self.temperature),
            "figures": figures,
        }
        text = json.dumps(about, ensure_ascii=False, indent=2)
        (directory / FILES[0]).write_text(f"{text}\n", encoding="utf-8")
        np.savez_compressed(
            directory / FILES[1],
            mean=self.familiarity.mean.astype(np.float32),
            whitening=self.familiarity.whitening.astype(np.float32),
            nonconformity=self.clips.nonconformity.astype(np.float32),
            label=self.clips.label.astype(np.int64),
            familiar=self.clips.familiar,
        )

    def apply(self, arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Add `unfamiliarity` [clips] and `p_values` [clips, labels] to the arrays of the network's `Output`.

        Logits and scores become flatter where the clip is unfamiliar, and may become sharper where it is familiar.
        """
        unfamiliarity = self.familiarity.unfamiliarity(arrays["embeddings"])
        divisors = self.temperature.divisors(unfamiliarity)
        logits = arrays["logits"] / np.repeat(divisors, arrays["frames"])[:, None]
        scores = divide_logits(arrays["scores"], divisors)
        p_values = self.clips.p_values(scores, unfamiliarity <= 1)
        calibrated: dict[str, NDArray[Any]] = {
            "logits": logits,
            "scores": scores,
            "unfamiliarity": unfamiliarity,
            "p_values": p_values,
        }
        return arrays | {name: array.astype(np.float32) for name, array in calibrated.items()}


def divide_logits(scores: Floats, divisors: Floats) -> Floats:
    """Compute the scores [clips, labels] whose logits are divided by `divisors` [clips]."""
    logits = np.log(np.maximum(scores, np.finfo(np.float32).tiny)) / divisors[:, None]
    return softmax(logits.astype(np.float32))


def calibration_sha256(directory: Path) -> str | None:
    """Return the SHA-256 of what the calibration does to scores, None if the directory has none."""
    if not (directory / FILES[1]).is_file():
        return None
    digest = hashlib.sha256()
    for name in FILES:
        digest.update((directory / name).read_bytes())
    return digest.hexdigest()
