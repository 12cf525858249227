"""From what was spoken and answered to the figures of the report."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from evaluation.calibration import Calibration, Kept, by_min_confidence, calibration
from evaluation.errors import NotEvaluable
from evaluation.metrics import Answers, Rates, confusion, intervals, label_rates, rates
from evaluation.temperature import best_temperature
from shared.domain.emotion import Scores

GROUPS = ("speaker", "gender", "language")
"""Columns whose values are reported each by itself, where there are several."""

_LEAST_SCORE = 1e-12


@dataclass(frozen=True, slots=True)
class Pair:
    """What a person and the model say of the same clip or time; `answered` is None where the model says nothing.

    `weight`, `unit` are as in `Answers`; `groups` are the values of `GROUPS` that are known; `scores` are those of a
    clip.
    """

    spoken: str
    answered: str | None
    confidence: float
    weight: float
    unit: str
    groups: Mapping[str, str] = field(default_factory=dict)
    scores: Scores | None = None

    @classmethod
    def of_clip(cls, spoken: str, scores: Scores | None, unit: str, groups: Mapping[str, str]) -> Pair:
        answered = max(scores, key=scores.__getitem__) if scores else None
        return cls(spoken, answered, scores[answered] if scores and answered else 0.0, 1.0, unit, groups, scores)


@dataclass(frozen=True, slots=True)
class Rate:
    """`low` to `high` holds 95 % of what it is where the units are drawn anew."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class LabelFigures:
    """`spoken` and `answered` are weights; None stands for a share of nothing."""

    spoken: float
    answered: float
    recall: float | None
    precision: float | None
    f1: float | None


@dataclass(frozen=True, slots=True)
class GroupFigures:
    weight: float
    wa: float
    uar: float
    macro_f1: float


@dataclass(frozen=True, slots=True)
class Measured:
    """`weight` is what was measured in all; the intervals are drawn from `unit_count` of `units`: speakers, clips or
    stretches. `confusion` [labels, labels] has a row for each label that was spoken. `temperature`, of clips, is
    the one that would fit best."""

    weight: float
    units: str
    unit_count: int
    wa: Rate
    uar: Rate
    macro_f1: Rate
    by_label: Mapping[str, LabelFigures]
    by_group: Mapping[str, Mapping[str, GroupFigures]]
    confusion: Sequence[Sequence[float]]
    calibration: Calibration
    temperature: float | None
    by_min_confidence: Sequence[Kept]


def answers(pairs: Sequence[Pair], labels: tuple[str, ...]) -> Answers:
    """Pairs whose spoken labels are all among `labels`, as arrays."""
    numbers = {label: number for number, label in enumerate(labels)} | {None: len(labels)}
    unit = {name: number for number, name in enumerate(dict.fromkeys(pair.unit for pair in pairs))}
    return Answers(
        labels,
        spoken=np.array([numbers[pair.spoken] for pair in pairs], np.int64),
        answered=np.array([numbers[pair.answered] for pair in pairs], np.int64),
        confidence=np.array([pair.confidence for pair in pairs], np.float64),
        weight=np.array([pair.weight for pair in pairs], np.float64),
        unit=np.array([unit[pair.unit] for pair in pairs], np.int64),
    )


def measure(pairs: Sequence[Pair], labels: tuple[str, ...], units: str) -> Measured:
    """Raises NotEvaluable where there is nothing to measure."""
    if not pairs:
        raise NotEvaluable(
            f"Nothing that was answered has a label that the model knows: {', '.join(labels)}. Say with --map what the "
            "labels mean to the model, as in --map boredom=other."
        )
    all_of_them = answers(pairs, labels)
    counts = confusion(all_of_them)
    wa, uar, macro_f1 = (
        Rate(float(value), *bounds) for value, bounds in zip(rates(counts), intervals(all_of_them), strict=True)
    )
    return Measured(
        weight=float(all_of_them.weight.sum()),
        units=units,
        unit_count=len(np.unique(all_of_them.unit)),
        wa=wa,
        uar=uar,
        macro_f1=macro_f1,
        by_label=_by_label(all_of_them),
        by_group={name: found for name in GROUPS if len(found := _by_group(pairs, all_of_them, name)) > 1},
        confusion=counts[:, :-1].tolist(),
        calibration=calibration(all_of_them),
        temperature=_temperature(pairs, labels),
        by_min_confidence=by_min_confidence(all_of_them),
    )


def unknown(pairs: Iterable[Pair], labels: tuple[str, ...]) -> dict[str, dict[str, float]]:
    """For each spoken label that the model does not know, the weights of what it answered."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for pair in pairs:
        if pair.spoken not in labels and pair.answered is not None:
            found[pair.spoken][pair.answered] += pair.weight  # type: ignore[assignment]
    return {label: dict(counts.most_common()) for label, counts in sorted(found.items())}


def group_figures(answers: Answers) -> GroupFigures:
    found: Rates = rates(confusion(answers))
    return GroupFigures(float(answers.weight.sum()), *(float(value) for value in found))


def _temperature(pairs: Sequence[Pair], labels: tuple[str, ...]) -> float | None:
    scores = [[pair.scores.get(label, 0.0) for label in labels] for pair in pairs if pair.scores]
    if len(scores) < len(pairs):
        return None
    logits = np.log(np.maximum(scores, _LEAST_SCORE))
    return best_temperature(logits, np.array([labels.index(pair.spoken) for pair in pairs]))


def _by_label(answers: Answers) -> dict[str, LabelFigures]:
    counts = confusion(answers)
    columns = [counts.sum(axis=1), counts.sum(axis=0)[:-1], *label_rates(counts)]
    rows = np.stack(columns, axis=1).tolist()
    return {
        label: LabelFigures(spoken, answered, *(None if np.isnan(rate) else rate for rate in shares))
        for label, (spoken, answered, *shares) in zip(answers.labels, rows, strict=True)
    }


def _by_group(pairs: Sequence[Pair], answers: Answers, name: str) -> dict[str, GroupFigures]:
    values = np.array([pair.groups.get(name, "") for pair in pairs])
    return {str(value): group_figures(answers.only(values == value)) for value in np.unique(values) if value}
