"""Robustness: the same clips under each condition, compared with the answers to them as recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from evaluation.audio_files import write_audio
from evaluation.calibration import measure_calibration
from evaluation.clip_scorer import ClipScorer
from evaluation.distortions import CONDITIONS
from evaluation.figures import LabelPair, answers_from_pairs, measure_group

OnStep = Callable[[str, int, int | None], None]
"""Called with the name of a step, the number of items done, and the number of all items, if known."""

SEED = 0
AS_RECORDED = "as recorded"


@dataclass(frozen=True, slots=True)
class ConditionFigures:
    """The figures of a condition.

    `flips` counts clips with another answer than as recorded, `unanswered` clips without an answer, which count as
    wrong in the rates: each condition is measured by the same clips. `uar_change` is the difference from as recorded,
    `ece` is as in `Calibration`.
    """

    condition: str
    clips: int
    flips: int
    unanswered: int
    wa: float
    uar: float
    uar_change: float
    ece: float


def score_distorted(
    clips: Sequence[tuple[Path, LabelPair]], scorer: ClipScorer, on_step: OnStep
) -> dict[str, list[LabelPair]]:
    """Score clips under each condition; return pairs by condition, the given ones first, as `AS_RECORDED`.

    The noise of a clip depends on its number and on the condition, not on the clips before it.
    """
    pairs: dict[str, list[LabelPair]] = {AS_RECORDED: [pair for _, pair in clips]}
    pairs |= {condition.name: [] for condition in CONDITIONS}
    with TemporaryDirectory() as folder:
        for number, (path, pair) in enumerate(clips):
            on_step("distorted clips", number, len(clips))
            samples = scorer.read(path)
            for index, condition in enumerate(CONDITIONS):
                distorted = condition.change(samples, np.random.default_rng([SEED, index, number]))
                scores = scorer.score(write_audio(distorted, condition, Path(folder)))
                pairs[condition.name].append(LabelPair.from_clip_scores(pair.spoken, scores, pair.unit, pair.groups))
    return pairs


def measure_robustness(
    pairs_by_condition: Mapping[str, Sequence[LabelPair]], labels: tuple[str, ...]
) -> tuple[ConditionFigures, ...]:
    """Measure the pairs of `score_distorted`, of one model or of several together."""
    if not pairs_by_condition:
        return ()
    recorded = pairs_by_condition[AS_RECORDED]
    uar_recorded = measure_group(answers_from_pairs(recorded, labels)).uar
    figures: list[ConditionFigures] = []
    for name, pairs in pairs_by_condition.items():
        answers = answers_from_pairs(pairs, labels)
        rates = measure_group(answers)
        figures.append(
            ConditionFigures(
                condition=name,
                clips=len(pairs),
                flips=sum(
                    pair.answered != pair_recorded.answered for pair, pair_recorded in zip(pairs, recorded, strict=True)
                ),
                unanswered=sum(pair.answered is None for pair in pairs),
                wa=rates.wa,
                uar=rates.uar,
                uar_change=rates.uar - uar_recorded,
                ece=measure_calibration(answers).ece,
            )
        )
    return tuple(figures)
