"""The same clips under each condition, beside the answers to them as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from evaluation.distortions import CONDITIONS, Sound
from evaluation.files import write
from evaluation.hearing import Ear
from evaluation.measure import Pair, answers, group_figures

OnStep = Callable[[str, int, int | None], None]
"""Called with what is done, how much of it is done, and how much there is, if that is known."""

SEED = 0


@dataclass(frozen=True, slots=True)
class ConditionFigures:
    """`flips` are clips with another answer than as recorded, `unanswered` those of them with none: to the rates these
    count as wrong, so that each condition is measured by the same clips. `uar_change` is against as recorded."""

    condition: str
    clips: int
    flips: int
    unanswered: int
    wa: float
    uar: float
    uar_change: float


def robustness(
    clips: Sequence[tuple[Path, Pair]], labels: tuple[str, ...], ear: Ear, on_step: OnStep
) -> tuple[ConditionFigures, ...]:
    """Figures as recorded and for each condition, of clips with the pairs that they gave as recorded."""
    clean = [pair for _, pair in clips]
    heard: list[list[Pair]] = []
    with TemporaryDirectory() as folder:
        for number, (path, pair) in enumerate(clips):
            on_step("distorted clips", number, len(clips))
            files = _distorted(ear.sound(path), number, Path(folder))
            heard.append([Pair.of_clip(pair.spoken, ear.hear(file).scores, pair.unit, pair.groups) for file in files])
    by_condition = zip(CONDITIONS, zip(*heard, strict=True), strict=True)
    return (
        _figures("as recorded", clean, clean, labels),
        *(_figures(condition.name, pairs, clean, labels) for condition, pairs in by_condition),
    )


def _distorted(sound: Sound, number: int, folder: Path) -> Iterator[Path]:
    """A file for each condition, there until the next: the same whatever clips there were before."""
    for place, condition in enumerate(CONDITIONS):
        yield write(condition.change(sound, np.random.default_rng([SEED, place, number])), condition, folder)


def _figures(name: str, pairs: Sequence[Pair], clean: Sequence[Pair], labels: tuple[str, ...]) -> ConditionFigures:
    found, before = (group_figures(answers(some, labels)) for some in (pairs, clean))
    return ConditionFigures(
        condition=name,
        clips=len(pairs),
        flips=sum(pair.answered != own.answered for pair, own in zip(pairs, clean, strict=True)),
        unanswered=sum(pair.answered is None for pair in pairs),
        wa=found.wa,
        uar=found.uar,
        uar_change=found.uar - before.uar,
    )
