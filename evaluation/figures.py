"""From spoken and answered labels to the figures of the report."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from evaluation.calibration import Calibration, ThresholdFigures, measure_calibration, measure_thresholds
from evaluation.clip_scorer import ClipScores
from evaluation.emotion_sets import CalibratedFigures, measure_sets
from evaluation.errors import NotEvaluable
from evaluation.metrics import Answers, bootstrap_intervals, confusion_matrix, label_rates, overall_rates
from evaluation.temperature import best_temperature
from shared.domain.emotion import Scores

GROUPS = ("speaker", "gender", "language")
"""Columns of a table of labels whose values are reported each by itself, where there are several."""

_MIN_SCORE = 1e-12


@dataclass(frozen=True, slots=True)
class LabelPair:
    """The labels of a person and of the model for the same clip or time; `answered` is None without an answer.

    `weight` and `unit` are as in `Answers`; `groups` are the known values of `GROUPS`; only clips have `scores`, and
    `p_values` and `unfamiliarity` where the model is calibrated.
    """

    spoken: str
    answered: str | None
    confidence: float
    weight: float
    unit: str
    groups: Mapping[str, str] = field(default_factory=dict)
    scores: Scores | None = None
    p_values: Scores | None = None
    unfamiliarity: float | None = None

    @classmethod
    def from_clip_scores(cls, spoken: str, clip: ClipScores, unit: str, groups: Mapping[str, str]) -> LabelPair:
        """Build the pair of a clip, whose answer is the label with the highest score."""
        scores = clip.scores
        answered = max(scores, key=scores.__getitem__) if scores else None
        confidence = scores[answered] if scores and answered else 0.0
        return cls(spoken, answered, confidence, 1.0, unit, groups, scores, clip.p_values, clip.unfamiliarity)


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate with its 95 % interval, over samples of the units."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class LabelFigures:
    """The figures of a label: `spoken` and `answered` are weights; None is a share of nothing."""

    spoken: float
    answered: float
    recall: float | None
    precision: float | None
    f1: float | None


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """The figures of the answers that share a value of one of `GROUPS`, or a condition."""

    weight: float
    wa: float
    uar: float
    macro_f1: float


@dataclass(frozen=True, slots=True)
class Measurements:
    """All figures of an evaluation, over answers of `weight` in all.

    The intervals are drawn from `unit_count` of `units`: speakers, clips or stretches. `confusion` [labels, labels] has
    a row for each spoken label. `temperature` is the one that fits best; None for a timeline. `calibrated` is there for
    clips where the model is calibrated.
    """

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
    by_min_confidence: Sequence[ThresholdFigures]
    calibrated: CalibratedFigures | None = None


def answers_from_pairs(pairs: Sequence[LabelPair], labels: tuple[str, ...]) -> Answers:
    """Convert pairs whose spoken labels are all among `labels` to arrays."""
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


def measure(pairs: Sequence[LabelPair], labels: tuple[str, ...], units: str) -> Measurements:
    """Measure pairs whose spoken labels are all among `labels`. Raises NotEvaluable if there are none."""
    if not pairs:
        raise NotEvaluable(
            f"Nothing that was answered has a label that the model knows: {', '.join(labels)}. Say with --map what the "
            "labels mean to the model, as in --map boredom=other."
        )
    answers = answers_from_pairs(pairs, labels)
    confusion = confusion_matrix(answers)
    wa, uar, macro_f1 = (
        Rate(float(value), *bounds)
        for value, bounds in zip(overall_rates(confusion), bootstrap_intervals(answers), strict=True)
    )
    columns = [confusion.sum(axis=1), confusion.sum(axis=0)[:-1], *label_rates(confusion)]
    by_label = {
        label: LabelFigures(spoken, answered, *(None if np.isnan(rate) else rate for rate in rates))
        for label, (spoken, answered, *rates) in zip(labels, np.stack(columns, axis=1).tolist(), strict=True)
    }
    by_group: dict[str, dict[str, GroupFigures]] = {}
    for name in GROUPS:
        values = np.array([pair.groups.get(name, "") for pair in pairs])
        groups = {str(value): measure_group(answers.select(values == value)) for value in np.unique(values) if value}
        if len(groups) > 1:
            by_group[name] = groups
    return Measurements(
        weight=float(answers.weight.sum()),
        units=units,
        unit_count=len(np.unique(answers.unit)),
        wa=wa,
        uar=uar,
        macro_f1=macro_f1,
        by_label=by_label,
        by_group=by_group,
        confusion=confusion[:, :-1].tolist(),
        calibration=measure_calibration(answers),
        temperature=_fit_temperature(pairs, labels),
        by_min_confidence=measure_thresholds(answers),
        calibrated=measure_sets(pairs),
    )


def count_unknown_labels(pairs: Iterable[LabelPair], labels: tuple[str, ...]) -> dict[str, dict[str, float]]:
    """Sum the weights of the answers to each spoken label that the model does not know, the heaviest first."""
    weights: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for pair in pairs:
        if pair.spoken not in labels and pair.answered is not None:
            weights[pair.spoken][pair.answered] += pair.weight  # type: ignore[assignment]
    return {label: dict(by_answer.most_common()) for label, by_answer in sorted(weights.items())}


def measure_group(answers: Answers) -> GroupFigures:
    """Measure a part of the answers by itself."""
    rates = overall_rates(confusion_matrix(answers))
    return GroupFigures(float(answers.weight.sum()), *(float(value) for value in rates))


def _fit_temperature(pairs: Sequence[LabelPair], labels: tuple[str, ...]) -> float | None:
    """The temperature that fits best, from scores taken as softmax; None if a pair has no scores."""
    scores = [[pair.scores.get(label, 0.0) for label in labels] for pair in pairs if pair.scores]
    if len(scores) < len(pairs):
        return None
    logits = np.log(np.maximum(scores, _MIN_SCORE))
    return best_temperature(logits, np.array([labels.index(pair.spoken) for pair in pairs]))
