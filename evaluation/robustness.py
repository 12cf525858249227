"""The same clips under each condition, beside the answers to them as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from evaluation.audio_files import write
from evaluation.clip_scorer import Ear
from evaluation.distortions import CONDITIONS, Sound
from evaluation.figures import Pair, answers, group_figures

OnStep = Callable[[str, int, int | None], None]
"""Called with what is done, how much of it is done, and how much there is, if that is known."""

SEED = 0
AS_RECORDED = "as recorded"


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


def hear_distorted(clips: Sequence[tuple[Path, Pair]], ear: Ear, on_step: OnStep) -> dict[str, list[Pair]]:
    """By condition, the pairs of clips whose pairs as recorded are given; these come first."""
    heard: dict[str, list[Pair]] = {AS_RECORDED: [pair for _, pair in clips]}
    heard |= {condition.name: [] for condition in CONDITIONS}
    with TemporaryDirectory() as folder:
        for number, (path, pair) in enumerate(clips):
            on_step("distorted clips", number, len(clips))
            for name, file in _distorted(ear.sound(path), number, Path(folder)):
                heard[name].append(Pair.of_clip(pair.spoken, ear.hear(file).scores, pair.unit, pair.groups))
    return heard


def robustness(heard: Mapping[str, Sequence[Pair]], labels: tuple[str, ...]) -> tuple[ConditionFigures, ...]:
    """The figures of what `hear_distorted` gave, for one model or for several together."""
    return tuple(_figures(name, pairs, heard[AS_RECORDED], labels) for name, pairs in heard.items())


def _distorted(sound: Sound, number: int, folder: Path) -> Iterator[tuple[str, Path]]:
    """A file for each condition, there until the next: the same whatever clips there were before."""
    for place, condition in enumerate(CONDITIONS):
        changed = condition.change(sound, np.random.default_rng([SEED, place, number]))
        yield condition.name, write(changed, condition, folder)


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
