"""The report for people: `report.md`, beside its pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from evaluation.figures import Measured, Rate
from evaluation.metrics import SAMPLES
from evaluation.report_json import weights_in
from evaluation.robustness import ConditionFigures
from evaluation.run import Report
from evaluation.timeline import NEAR_MS, TimelineFigures

_LISTED = 20
"""Skipped clips that are named; report.json names all."""
_ENOUGH_UNITS = 10
_NONE = "-"

Cells = Sequence[object]


def to_markdown(report: Report) -> str:
    return "\n\n".join(_parts(report)) + "\n"


def _parts(report: Report) -> Iterator[str]:
    measured, unit = report.measured, weights_in(report)
    yield f"# {report.model.id} on {report.source.path.resolve().name}"
    yield _about(report)
    yield _table(["", "", "95 % interval"], _overall(measured))
    yield (
        f"Of {_weight(measured.weight)} {unit}. WA is the share of right answers, UAR the mean recall of the labels "
        f"that were spoken, macro-F1 the mean of their F1; ECE is explained below. {_intervals(measured)}"
    )
    yield from _skipped(report)
    if report.timeline:
        yield from _timeline(report.timeline)
    yield "## By label"
    yield _table(["label", f"spoken, {unit}", "answered", "recall", "precision", "F1"], _labels(measured))
    yield from _confusion(measured)
    yield from _groups(measured, unit)
    yield from _calibration(measured, unit)
    yield from _unknown(report.unknown_labels, unit)
    if report.robustness:
        yield from _robustness(report.robustness)


def _about(report: Report) -> str:
    model, source = report.model, report.source
    lines = [f"- Model: {model.id}, revision {model.revision}, sha256 `{model.sha256[:12]}`, {model.precision}"]
    if model.notice:
        lines.append(f"- {model.notice}")
    if source.label_map:
        lines.append(f"- Label map: {', '.join(f'{name} = {to}' for name, to in source.label_map.items())}")
    for name, values in source.only.items():
        lines.append(f"- Only where {name} is {' or '.join(sorted(values))}")
    return "\n".join(lines)


def _overall(measured: Measured) -> Iterator[Cells]:
    rates: dict[str, Rate] = {"WA": measured.wa, "UAR": measured.uar, "macro-F1": measured.macro_f1}
    for name, rate in rates.items():
        yield name, _percent(rate.value), f"{_percent(rate.low)} to {_percent(rate.high)}"
    yield "ECE", _percent(measured.calibration.ece), ""


def _intervals(measured: Measured) -> str:
    said = f"Intervals: {measured.unit_count} {measured.units} drawn anew {SAMPLES:,} times."
    return said if measured.unit_count >= _ENOUGH_UNITS else f"{said} So few tell little of others."


def _skipped(report: Report) -> Iterator[str]:
    if not report.skipped:
        yield f"Nothing was skipped of the {report.listed} {'stretches' if report.timeline else 'clips'} listed."
        return
    yield "## Skipped"
    counts = Counter(each.reason for each in report.skipped)
    yield _table(["reason", "how many"], counts.most_common())
    yield "\n".join(f"- {each.file}: {each.reason}" for each in report.skipped[:_LISTED])


def _timeline(figures: TimelineFigures) -> Iterator[str]:
    found = figures.boundaries
    yield "## Timeline"
    rows = [
        ("time with a true emotion", f"{figures.truth_s:.1f} s"),
        ("of it in the timeline (coverage)", f"{figures.covered_s:.1f} s, {figures.covered_s / figures.truth_s:.1%}"),
        ("timeline where there is no true emotion", f"{figures.outside_s:.1f} s"),
        ("changes of emotion: true, in the timeline", f"{found.true}, {found.answered}"),
        (f"true ones with one in the timeline within {NEAR_MS / 1000:g} s", found.found),
        ("distance to the nearest, median", _milliseconds(found.median_ms)),
        ("distance to the nearest, mean", _milliseconds(found.mean_ms)),
    ]
    yield _table(["", ""], rows)


def _labels(measured: Measured) -> Iterator[Cells]:
    for label, found in measured.by_label.items():
        shares = map(_percent, (found.recall, found.precision, found.f1))
        yield label, _weight(found.spoken), _weight(found.answered), *shares


def _confusion(measured: Measured) -> Iterator[str]:
    labels = list(measured.by_label)
    rows = zip(labels, measured.confusion, strict=True)
    yield "![confusion matrix](confusion.png)"
    yield _table(["spoken \\ answered", *labels], ([label, *map(_weight, counts)] for label, counts in rows))


def _groups(measured: Measured, unit: str) -> Iterator[str]:
    for name, groups in measured.by_group.items():
        yield f"## By {name}"
        rows = (
            (value, _weight(found.weight), *map(_percent, (found.wa, found.uar, found.macro_f1)))
            for value, found in groups.items()
        )
        yield _table([name, unit, "WA", "UAR", "macro-F1"], rows)


def _calibration(measured: Measured, unit: str) -> Iterator[str]:
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
    kept = (
        (f"{each.min_confidence:.2f}", _percent(each.coverage), _percent(each.accuracy))
        for each in measured.by_min_confidence
    )
    yield _table(["min_confidence", "answered", "of these right"], kept)


def _unknown(labels: Mapping[str, Mapping[str, float]], unit: str) -> Iterator[str]:
    if not labels:
        return
    yield "## Labels that the model does not know"
    yield "They are in none of the figures above. What it answered to them:"
    rows = (
        (label, _weight(sum(found.values())), ", ".join(f"{name} {_weight(count)}" for name, count in found.items()))
        for label, found in labels.items()
    )
    yield _table(["label", unit, "answered"], rows)


def _robustness(conditions: Sequence[ConditionFigures]) -> Iterator[str]:
    yield "## The same clips elsewhere"
    rows = (
        (
            each.condition,
            _percent(each.uar),
            f"{100 * each.uar_change:+.1f}",
            _percent(each.wa),
            f"{each.flips} ({each.flips / each.clips:.0%})",
            each.unanswered,
        )
        for each in conditions
    )
    yield _table(["condition", "UAR", "points", "WA", "other answer", "of these none"], rows)
    yield "No answer counts as a wrong one here, so that each row is of the same clips."


def _table(head: Cells, rows: Iterable[Cells]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|")


def _percent(share: float | None) -> str:
    return _NONE if share is None else f"{share:.1%}"


def _weight(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def _milliseconds(value: float | None) -> str:
    return _NONE if value is None else f"{value:,.0f} ms"
