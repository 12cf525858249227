"""The pictures of a report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from evaluation.figures import Measurements

_DPI = 120
_SIDE = 5.0
_CELL = 0.75
"""Inches of a label in the confusion matrix."""
_BLUE, _ORANGE = "#0072B2", "#D55E00"
"""From the palette of Okabe and Ito, which colour-blind people can tell apart."""
_NAMED_THRESHOLDS = frozenset({0.3, 0.5, 0.7, 0.9})


def draw_charts(measured: Measurements, title: str, folder: Path) -> None:
    """Write `confusion.png`, `reliability.png` and `coverage.png` into `folder`."""
    for name, figure in (
        ("confusion", draw_confusion(measured)),
        ("reliability", draw_reliability(measured)),
        ("coverage", draw_coverage(measured)),
    ):
        figure.suptitle(title, fontsize=9)
        figure.savefig(folder / f"{name}.png", dpi=_DPI)


def draw_confusion(measured: Measurements) -> Figure:
    """Draw the confusion matrix, in shares of each spoken label."""
    labels = list(measured.by_label)
    counts = np.array(measured.confusion)
    spoken = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, spoken, out=np.zeros_like(counts), where=spoken > 0)
    side = 1.5 + _CELL * len(labels)
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.add_subplot(xlabel="answered", ylabel="spoken")
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(labels)), labels, rotation=45, ha="right")
    axes.set_yticks(range(len(labels)), labels)
    for row, column in np.argwhere(counts > 0):
        share = shares[row, column]
        text = f"{share:.0%}\n{counts[row, column]:.0f}"
        axes.text(column, row, text, ha="center", va="center", fontsize=8, color="white" if share > 0.5 else "black")
    return figure


def draw_reliability(measured: Measurements) -> Figure:
    """Draw the accuracy of each bin of confidence over its mean confidence."""
    figure, axes = _square_figure("mean confidence of a bin", "of its answers right")
    bins = measured.calibration.bins
    sizes = [20 + 600 * each.weight / measured.weight for each in bins]
    axes.plot([0, 1], [0, 1], color="grey", linestyle="--", linewidth=1, label="as sure as right")
    points = [each.confidence for each in bins], [each.accuracy for each in bins]
    axes.plot(*points, color=_BLUE, linewidth=1)
    axes.scatter(*points, s=sizes, color=_BLUE, alpha=0.6, label="answers, by how many")
    axes.text(0.98, 0.03, f"ECE {measured.calibration.ece:.1%}", ha="right", transform=axes.transAxes)
    axes.legend(loc="upper left", frameon=False, markerscale=0.5)
    return figure


def draw_coverage(measured: Measurements) -> Figure:
    """Draw accuracy over coverage, for each `min_confidence`."""
    figure, axes = _square_figure("answered", "of these right")
    points = [
        (each.min_confidence, each.coverage, each.accuracy)
        for each in measured.by_min_confidence
        if each.accuracy is not None
    ]
    axes.plot([coverage for _, coverage, _ in points], [accuracy for *_, accuracy in points], color=_BLUE, marker=".")
    for threshold, coverage, accuracy in points:
        if threshold in _NAMED_THRESHOLDS:
            axes.plot(coverage, accuracy, color=_ORANGE, marker="o")
            axes.annotate(f"{threshold:.1f}", (coverage, accuracy), (0, 8), textcoords="offset points", ha="center")
    axes.text(0.02, 0.03, "orange: min_confidence", color=_ORANGE, transform=axes.transAxes)
    return figure


def _square_figure(x_label: str, y_label: str) -> tuple[Figure, Axes]:
    """A figure whose axes go from 0 to 100 %."""
    figure = Figure(figsize=(_SIDE, _SIDE), layout="constrained")
    axes = figure.add_subplot(xlabel=x_label, ylabel=y_label, xlim=(0, 1.05), ylim=(0, 1.05))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1))
    axes.grid(alpha=0.3)
    return figure, axes
