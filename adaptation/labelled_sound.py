"""Sound that people labelled, as a model hears it: embeddings and logits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LabelledClip:
    """A clip as a model hears it: `embedding` [dim] and mean `logits` [base labels] without any calibration.

    `unit` is its speaker, or its recording where no speaker is known: clips of one unit resemble each other.
    """

    label: str
    unit: str
    embedding: Reals
    logits: Reals


@dataclass(frozen=True, slots=True, eq=False)
class LabelledSound:
    """Labelled clips [n] as arrays: `label` are numbers of `labels`, `unit` numbers of `units`."""

    labels: tuple[str, ...]
    units: tuple[str, ...]
    label: Integers
    unit: Integers
    embeddings: Reals
    base_logits: Reals

    @classmethod
    def from_clips(cls, clips: Sequence[LabelledClip]) -> LabelledSound:
        """Make the arrays of clips, of which there is one at least; labels and units are sorted by name."""
        labels = tuple(sorted({clip.label for clip in clips}))
        units = tuple(sorted({clip.unit for clip in clips}))
        return cls(
            labels,
            units,
            np.array([labels.index(clip.label) for clip in clips], np.int64),
            np.array([units.index(clip.unit) for clip in clips], np.int64),
            np.array([clip.embedding for clip in clips]),
            np.array([clip.logits for clip in clips]),
        )

    def __len__(self) -> int:
        return len(self.label)

    def select(self, mask: NDArray[np.bool_]) -> LabelledSound:
        """Return the clips for which `mask` [n] is true; labels and units stay numbered as they are."""
        return LabelledSound(
            self.labels,
            self.units,
            self.label[mask],
            self.unit[mask],
            self.embeddings[mask],
            self.base_logits[mask],
        )


def split_by_unit(unit: Integers, folds: int) -> list[NDArray[np.bool_]]:
    """Split clips [n] into folds without a unit in two of them: masks [n] of the clips that each fold leaves out.

    The largest units are dealt out first, each to the fold with the fewest clips so far. There are no more folds than
    units.
    """
    numbers, counts = np.unique(unit, return_counts=True)
    sizes = np.zeros(min(folds, len(numbers)), np.int64)
    members: list[list[int]] = [[] for _ in sizes]
    for place in np.argsort(-counts, kind="stable"):
        smallest = int(np.argmin(sizes))
        sizes[smallest] += counts[place]
        members[smallest].append(int(numbers[place]))
    return [np.isin(unit, fold) for fold in members]
