"""Draw the cuts of a recording and their reasons: level, speech, segments and cuts, a minute to a row."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MultipleLocator

from shared.domain.recording import SAMPLE_RATE, clock, to_ms
from worker.offline.split import ActivityRecorder, CutSegment, Split
from worker.pipeline.cut_placement import CutReason
from worker.pipeline.speech import HOP, Levels, Run, close_gaps, runs

_STEPS_PER_S = SAMPLE_RATE // HOP
_ROW_S = 60
_TICK_S = 5
_STRIPS_PER_PAGE = 60
"""An hour of one channel: 8,060 pixels, a height that viewers still open."""

# Inches, and pixels to each.
_WIDTH, _LEFT, _RIGHT = 18.0, 0.75, 0.2
_STRIP, _TICKS, _HEAD, _FOOT = 1.0, 0.33, 0.65, 0.15
_DPI = 100

# dBFS: sound is drawn from the floor to full scale, and the segments above it.
_FLOOR, _TOP = -70, 26
_BAR = (6, 24)
_LABEL = -4

_NUMBERED_S = 1.5
"""Seconds of a segment that have room for its number."""

_CHARACTER_S = 0.25
"""Width of a label's character on the time axis."""

# From the palette of Okabe and Ito, safe for colour-blind readers; the lines differ in style too.
_SPEECH, _NO_SPEECH, _SEGMENTS = "#56B4E9", "#BDBDBD", ("#F0E442", "#FAF5B0")
_THRESHOLD: dict[str, Any] = {"color": "black", "linewidth": 0.7}
_LINES: dict[CutReason, dict[str, Any]] = {
    CutReason.END_OF_TALK: {"color": "#555555", "linewidth": 1.0, "linestyle": ":"},
    CutReason.PAUSE: {"color": "#004C7F", "linewidth": 1.6, "linestyle": "-"},
    CutReason.NO_PAUSE: {"color": "#D55E00", "linewidth": 2.0, "linestyle": "--"},
}
_MEANINGS = {
    CutReason.END_OF_TALK: "end of talk: a long pause, its length",
    CutReason.PAUSE: "cut in the middle of a pause, its length",
    CutReason.NO_PAUSE: "cut without a pause, at the quietest frame",
}
_SIDES = ("left", "right")


@dataclass(frozen=True, slots=True)
class _Channel:
    """The data of one channel: level and threshold [steps] in dBFS, the runs of speech, and the segments."""

    label: str
    level: Levels
    threshold: Levels
    speech: list[Run]
    segments: list[CutSegment]


def draw(split: Split, activity: ActivityRecorder, min_silence_ms: int, out: Path) -> list[Path]:
    """Write `segments.png`, and `segments-002.png` and so on for more than 60 strips, into `out`; return their paths.

    `min_silence_ms` is the option of the split: runs of speech with shorter gaps are drawn as one.
    """
    channels = list(_channels(split, activity, min_silence_ms // 10))
    seconds = max(1.0, split.duration / SAMPLE_RATE)
    starts = range(0, round(seconds), _STRIPS_PER_PAGE // len(channels) * _ROW_S)
    paths: list[Path] = []
    for page, start in enumerate(starts, 1):
        title = f"{len(split.segments)} segments in {clock(to_ms(split.duration))} (minutes:seconds)"
        if len(starts) > 1:
            title += f", page {page} of {len(starts)}"
        figure = _page(channels, start, seconds if start == starts[-1] else start + starts.step, title)
        paths.append(out / ("segments.png" if page == 1 else f"segments-{page:03d}.png"))
        figure.savefig(paths[-1], dpi=_DPI)
    return paths


def _channels(split: Split, activity: ActivityRecorder, shortest_pause: int) -> Iterator[_Channel]:
    for number, blocks in sorted(activity.channels.items()):
        yield _Channel(
            f"{_SIDES[number]}, dBFS" if len(activity.channels) > 1 else "dBFS",
            np.concatenate([block.level for block in blocks]),
            np.concatenate([np.full_like(block.level, block.threshold) for block in blocks]),
            close_gaps(runs(np.concatenate([block.speech for block in blocks])), shortest_pause),
            [cut for cut in split.segments if cut.segment.channel == number],
        )


def _page(channels: list[_Channel], start: int, end: float, title: str) -> Figure:
    """Draw rows for the seconds `start` to `end`, with a strip per channel; a rest under half a second gets no row."""
    starts = range(start, round(end), _ROW_S)
    row_height = len(channels) * _STRIP + _TICKS
    height = _HEAD + len(starts) * row_height + _FOOT
    figure = Figure(figsize=(_WIDTH, height))
    for row, left in enumerate(starts):
        right = end if left == starts[-1] else left + _ROW_S
        width = (_WIDTH - _LEFT - _RIGHT) * (right - left) / _ROW_S
        for place, channel in enumerate(channels, 1):
            bottom = height - _HEAD - row * row_height - place * _STRIP
            box = (_LEFT / _WIDTH, bottom / height, width / _WIDTH, 0.94 * _STRIP / height)
            axes = figure.add_axes(box, xlim=(left, right), ylim=(_FLOOR, _TOP))
            _strip(axes, channel, left, right, with_time=place == len(channels))
    _head(figure, title, height)
    return figure


def _head(figure: Figure, title: str, height: float) -> None:
    left = _LEFT / _WIDTH
    figure.text(left, 1 - 0.12 / height, title, va="top", fontsize=12, fontweight="bold")
    handles = [
        Patch(color=_SPEECH, label="speech"),
        Patch(color=_NO_SPEECH, label="other sound"),
        Line2D([], [], label="threshold of silence", **_THRESHOLD),
        Patch(facecolor=_SEGMENTS[0], edgecolor="black", linewidth=0.5, label="segment, with its number"),
        *(Line2D([], [], label=_MEANINGS[reason], **style) for reason, style in _LINES.items()),
    ]
    at = (left, 1 - 0.32 / height)
    figure.legend(handles=handles, loc="upper left", bbox_to_anchor=at, ncols=7, frameon=False, fontsize=9)


def _strip(axes: Axes, channel: _Channel, start: int, end: float, *, with_time: bool) -> None:
    """Draw one channel from `start` to `end`, in seconds; `with_time` labels the time axis."""
    axes.set_ylabel(channel.label, fontsize=8)
    axes.set_yticks([-60, -40, -20, 0])
    axes.xaxis.set_major_locator(MultipleLocator(_TICK_S))
    axes.xaxis.set_major_formatter(lambda second, _: clock(round(second) * 1000))
    axes.tick_params(labelsize=8, labelbottom=with_time)
    axes.spines[["top", "right"]].set_visible(False)
    _sound(axes, channel, start, end)
    _segments(axes, channel.segments, start, end)
    for cut in channel.segments:
        at = cut.segment.end / SAMPLE_RATE
        if start < at <= end:
            axes.axvline(at, ymax=(_BAR[1] - _FLOOR) / (_TOP - _FLOOR), **_LINES[cut.cut.reason])
            _write(axes, at, _reason(cut, channel.speech), end)


def _reason(cut: CutSegment, speech: list[Run]) -> str:
    match cut.cut.reason:
        case CutReason.PAUSE:
            return f"{cut.cut.pause / SAMPLE_RATE:.2f} s"
        case CutReason.NO_PAUSE:
            return "no pause: quietest frame"
    following = bisect_left(speech, (cut.segment.end // HOP, 0))
    if not 0 < following < len(speech):
        return "end"
    return f"{(speech[following][0] - speech[following - 1][1]) / _STEPS_PER_S:.2f} s"


def _sound(axes: Axes, channel: _Channel, start: int, end: float) -> None:
    steps = slice(start * _STEPS_PER_S, ceil(end * _STEPS_PER_S))
    level = channel.level[steps]
    time = start + np.arange(len(level)) / _STEPS_PER_S
    axes.fill_between(time, _FLOOR, np.maximum(level, _FLOOR), color=_NO_SPEECH, linewidth=0)
    spoken = np.zeros(len(level), np.bool_)
    for first, last in channel.speech:
        spoken[max(0, first - steps.start) : max(0, last - steps.start)] = True
    axes.fill_between(time, _FLOOR, np.maximum(level, _FLOOR), where=spoken, color=_SPEECH, linewidth=0)
    axes.plot(time, channel.threshold[steps], **_THRESHOLD)


def _segments(axes: Axes, segments: list[CutSegment], start: int, end: float) -> None:
    for place, (segment, _) in enumerate(segments):
        left, right = max(start, segment.start / SAMPLE_RATE), min(end, segment.end / SAMPLE_RATE)
        if left >= right:
            continue
        bar = (_BAR[0], _BAR[1] - _BAR[0])
        axes.broken_barh([(left, right - left)], bar, facecolor=_SEGMENTS[place % 2], edgecolor="black", linewidth=0.5)
        if right - left >= _NUMBERED_S:
            text = f"{segment.index:03d}"
            axes.text((left + right) / 2, sum(_BAR) / 2, text, ha="center", va="center_baseline", fontsize=8)


def _write(axes: Axes, at: float, text: str, end: float) -> None:
    """Write a label right of a cut, or left of it if there is no room."""
    room = end - at > len(text) * _CHARACTER_S
    axes.annotate(
        text,
        (at, _LABEL),
        (4 if room else -4, 0),
        textcoords="offset points",
        ha="left" if room else "right",
        va="center",
        fontsize=8,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1},
    )
