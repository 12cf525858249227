"""The report for people: `report.md`, beside its pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from evaluation.emotion_sets import CalibratedFigures
from evaluation.figures import Measurements, Rate
from evaluation.metrics import SAMPLES
from evaluation.report_json import weight_unit
from evaluation.robustness import ConditionFigures
from evaluation.run import EvaluationReport
from evaluation.speakers import SpeakerFigures
from evaluation.timeline import NEAR_MS, TimelineFigures

_MAX_LISTED = 20
"""Skipped clips that are named; report.json names all of them."""
_ENOUGH_UNITS = 10
_NONE = "-"

Cells = Sequence[object]


def to_markdown(report: EvaluationReport) -> str:
    """Return the text of `report.md`."""
    return "\n\n".join(_paragraphs(report)) + "\n"


def _paragraphs(report: EvaluationReport) -> Iterator[str]:
    measured, unit = report.measured, weight_unit(report)
    yield f"# {report.model.id} on {report.source.path.resolve().name}"
    yield "\n".join(_about(report))
    rates: dict[str, Rate] = {"WA": measured.wa, "UAR": measured.uar, "macro-F1": measured.macro_f1}
    rows = [
        (name, _percent(rate.value), f"{_percent(rate.low)} to {_percent(rate.high)}") for name, rate in rates.items()
    ]
    yield _table(["", "", "95 % interval"], [*rows, ("ECE", _percent(measured.calibration.ece), "")])
    intervals = f"Intervals: {measured.unit_count} {measured.units} drawn anew {SAMPLES:,} times."
    if measured.unit_count < _ENOUGH_UNITS:
        intervals += " So few tell little of others."
    yield (
        f"Of {_weight(measured.weight)} {unit}. WA is the share of right answers, UAR the mean recall of the labels "
        f"that were spoken, macro-F1 the mean of their F1; ECE is explained below. {intervals}"
    )
    if report.skipped:
        yield "## Skipped"
        counts = Counter(skipped.reason for skipped in report.skipped)
        yield _table(["reason", "how many"], counts.most_common())
        yield "\n".join(f"- {skipped.file}: {skipped.reason}" for skipped in report.skipped[:_MAX_LISTED])
    else:
        yield f"Nothing was skipped of the {report.listed} {'stretches' if report.timeline else 'clips'} listed."
    if report.timeline:
        yield from _timeline_section(report.timeline)
    if report.speakers:
        yield from _speakers_section(report.speakers)
    yield from _label_sections(measured, unit)
    yield from _calibration_sections(measured, unit)
    if measured.calibrated:
        yield from _sets_section(measured.calibrated)
    if report.unknown_labels:
        yield "## Labels that the model does not know"
        yield "They are in none of the figures above. What it answered to them:"
        unknown = (
            (label, _weight(sum(counts.values())), ", ".join(f"{name} {_weight(n)}" for name, n in counts.items()))
            for label, counts in report.unknown_labels.items()
        )
        yield _table(["label", unit, "answered"], unknown)
    if report.robustness:
        yield from _robustness_section(report.robustness)


def _about(report: EvaluationReport) -> Iterator[str]:
    model, source = report.model, report.source
    yield f"- Model: {model.id}, revision {model.revision}, sha256 `{model.sha256[:12]}`, {model.precision}"
    if model.notice:
        yield f"- {model.notice}"
    if source.label_map:
        yield f"- Label map: {', '.join(f'{name} = {label}' for name, label in source.label_map.items())}"
    if source.emotions:
        yield f"- Only these answers: {', '.join(model.labels)}"
    for name, values in source.only.items():
        yield f"- Only where {name} is {' or '.join(sorted(values))}"


def _label_sections(measured: Measurements, unit: str) -> Iterator[str]:
    yield "## By label"
    labels = [
        (
            label,
            *map(_weight, (figures.spoken, figures.answered)),
            *map(_percent, (figures.recall, figures.precision, figures.f1)),
        )
        for label, figures in measured.by_label.items()
    ]
    yield _table(["label", f"spoken, {unit}", "answered", "recall", "precision", "F1"], labels)
    yield "![confusion matrix](confusion.png)"
    confusion = zip(measured.by_label, measured.confusion, strict=True)
    yield _table(
        ["spoken \\ answered", *measured.by_label], ([label, *map(_weight, weights)] for label, weights in confusion)
    )
    for name, groups in measured.by_group.items():
        yield f"## By {name}"
        rows = (
            (value, _weight(figures.weight), *map(_percent, (figures.wa, figures.uar, figures.macro_f1)))
            for value, figures in groups.items()
        )
        yield _table([name, unit, "WA", "UAR", "macro-F1"], rows)


def _timeline_section(figures: TimelineFigures) -> Iterator[str]:
    boundaries, errors = figures.boundaries, figures.errors
    rates = boundaries.precision, boundaries.recall, boundaries.f1
    yield "## Timeline"
    rows = [
        ("time with a true emotion", f"{figures.truth_s:.1f} s"),
        ("of it in the timeline (coverage)", f"{figures.covered_s:.1f} s, {figures.covered_s / figures.truth_s:.1%}"),
        ("timeline where there is no true emotion", f"{figures.outside_s:.1f} s"),
        ("changes of emotion: true, in the timeline", f"{boundaries.true}, {boundaries.answered}"),
        (f"true ones with one in the timeline within {NEAR_MS / 1000:g} s", boundaries.found),
        ("precision, recall, F1 of the changes within it", " / ".join(map(_percent, rates))),
        ("distance to the nearest, median", _milliseconds(boundaries.median_ms)),
        ("distance to the nearest, mean", _milliseconds(boundaries.mean_ms)),
    ]
    yield _table(["", ""], rows)
    if errors.eder is not None:
        yield (
            f"The emotion diarization error rate (EDER) is {errors.eder:.1%} of {errors.total_s:.1f} s: missed "
            f"{errors.missed_s:.1f} s, false alarm {errors.false_alarm_s:.1f} s, overlap {errors.overlap_s:.1f} s, "
            f"confusion {errors.confusion_s:.1f} s. An answer that is always neutral has an EDER of "
            f"{errors.emotional_s / errors.total_s:.1%}."
        )


def _speakers_section(figures: SpeakerFigures) -> Iterator[str]:
    yield "## Speakers"
    rows = [
        ("speakers: true, told apart", f"{figures.true_speakers}, {figures.speakers}"),
        ("speech with the right speaker, of all speech of one", _percent(figures.right)),
        ("the same, of the speech that was found", _percent(figures.found_right)),
        ("diarization error rate (DER)", _percent(figures.der)),
        ("DER without overlaps and 0.25 s around each true boundary", _percent(figures.der_collar)),
        ("Jaccard error rate (JER)", _percent(figures.jer)),
    ]
    yield _table(["", ""], rows)


def _calibration_sections(measured: Measurements, unit: str) -> Iterator[str]:
    yield "## How sure it is, and how often it is right"
    yield (
        "The answers by the score of the emotion that was answered. The ECE is how far the last two columns are apart, "
        f"on average over all {unit}."
    )
    yield "![reliability](reliability.png)"
    rows = (
        (f"{each.low:.1f} to {each.high:.1f}", _weight(each.weight), _percent(each.confidence), _percent(each.accuracy))
        for each in measured.calibration.bins
    )
    yield _table(["confidence", unit, "mean confidence", "right"], rows)
    if measured.temperature:
        yield (
            f"A temperature of {measured.temperature:.2f} would make its scores fit best what was spoken here. It can "
            "be given to a model in `configuration.json`, and is to be checked on other clips than these."
        )
    yield "## What `min_confidence` would leave"
    yield "![accuracy against coverage](coverage.png)"
    thresholds = (
        (f"{each.min_confidence:.2f}", _percent(each.coverage), _percent(each.accuracy))
        for each in measured.by_min_confidence
    )
    yield _table(["min_confidence", "answered", "of these right"], thresholds)


def _sets_section(figures: CalibratedFigures) -> Iterator[str]:
    yield "## Sets of emotions"
    rows = (
        (
            _percent(each.probability),
            *map(_percent, (each.coverage, each.mean_of_labels, each.worst_label)),
            f"{each.mean_size:.1f}",
        )
        for each in figures.sets
    )
    yield _table(["`set_probability`", "holds the true one", "mean of labels", "worst label", "mean size"], rows)
    yield (
        f"The model's calibration promises the first column for each label. It calls {_percent(figures.unfamiliar)} of "
        "the clips unfamiliar: unlike what it was calibrated on, where the promise need not hold."
    )


def _robustness_section(conditions: Sequence[ConditionFigures]) -> Iterator[str]:
    yield "## The same clips elsewhere"
    rows = (
        (
            each.condition,
            _percent(each.uar),
            f"{100 * each.uar_change:+.1f}",
            _percent(each.wa),
            f"{each.flips} ({each.flips / each.clips:.0%})",
            each.unanswered,
            _percent(each.ece),
        )
        for each in conditions
    )
    yield _table(["condition", "UAR", "points", "WA", "other answer", "of these none", "ECE"], rows)
    yield "No answer counts as a wrong one here, so that each row is of the same clips."


def _table(head: Cells, rows: Iterable[Cells]) -> str:
    lines = ([str(cell).replace("|", "\\|") for cell in line] for line in (head, ["---"] * len(head), *rows))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _percent(share: float | None) -> str:
    return _NONE if share is None else f"{share:.1%}"


def _weight(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def _milliseconds(value: float | None) -> str:
    return _NONE if value is None else f"{value:,.0f} ms"
