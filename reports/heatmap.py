"""The heat map of a recording: for each channel its waveform, its emotions, and all scores, over time."""

from __future__ import annotations

import io
from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Rectangle
from matplotlib.ticker import MultipleLocator
from numpy.typing import NDArray

from reports import fonts
from reports.heatmap_input import LEFT, RIGHT, HeatmapChannel, HeatmapData
from reports.palette import colour_of
from reports.texts import TEXTS, Language, Texts
from reports.ticks import tick_label, tick_step_s
from reports.time_columns import Span
from shared.domain.recording import SAMPLE_RATE
from shared.waveform import FULL_SCALE, Peaks

# Inches.
_TOP, _BOTTOM, _BETWEEN = 0.12, 0.32, 0.14
_NAME, _WAVE, _STRIP, _ROW, _GAP = 0.27, 0.62, 0.15, 0.21, 0.06
_SCALE, _SWATCH, _NEAR = 0.12, 0.1, 0.09
_TICK = 0.8
"""The least room for the time at a tick."""

_SMALL, _NORMAL = 8.5, 9.5
"""Sizes of letters, in points."""
_INK, _FAINT, _SOUND = "#22303c", "#7d8a96", "#4a6078"
_COLOURS = "magma_r"
"""Perceptually even, also for colour-blind people. It is cream at zero: white is left for time without speech."""

_MIN_PEAK = 0.1
"""The least peak, of full scale, that fills the height of a waveform: quiet noise is not drawn as loud as speech."""

_MIN_HATCHED = 3
"""Columns; narrower spans would be dust on the scores. The strip above them has every span."""

_HOUR_S = 3600


def draw(data: HeatmapData, language: Language = "en") -> bytes:
    """Draw a heat map as PNG."""
    page = _HeatmapPage(data, TEXTS[language])
    for channel in data.channels:
        page.draw_channel(channel)
    return page.to_png()


class _HeatmapPage:
    """Panels from the top down, one for each channel, over one axis of time. All measures are inches from the top."""

    def __init__(self, data: HeatmapData, texts: Texts) -> None:
        self._data = data
        self._texts = texts
        self._rows = max(1, len(data.labels))
        self._seconds = max(0.1, data.duration / SAMPLE_RATE)
        self._peak = max([_MIN_PEAK, *(_peak(channel.peaks) for channel in data.channels)])
        self._width = data.size.width / data.size.dpi
        height = _TOP + _BOTTOM
        for channel in data.channels:
            height += _STRIP + _GAP + _ROW * self._rows + _BETWEEN
            height += (_NAME if self.channel_name(channel) else 0) + (0 if channel.peaks is None else _WAVE + _GAP)
        self._height = height
        self._figure = Figure(figsize=(self._width, self._height), dpi=data.size.dpi, facecolor="white")
        self._cursor = _TOP
        self._panels: list[Axes] = []

    def draw_channel(self, channel: HeatmapChannel) -> None:
        """Draw a channel under the channels drawn before."""
        if name := self.channel_name(channel):
            self.write(LEFT, self._cursor + _NAME / 2, name)
            self._cursor += _NAME
        if channel.peaks is not None:
            self.draw_waveform(channel.peaks)
        colours = np.array([*map(to_rgb, map(colour_of, self._data.emotions)), (1.0, 1.0, 1.0)])
        strip = self.add_panel(_STRIP)
        self.draw_columns(strip, colours[channel.emotions][None])
        _hatch(strip, channel.skipped)
        if self._data.labels:
            self.draw_scores(channel)
        else:
            self.write(LEFT, self._cursor + _ROW / 2, self._texts.no_scores, color=_FAINT)
            self.add_panel(_ROW)
        self._cursor += _BETWEEN - _GAP

    def to_png(self) -> bytes:
        """Finish the page with its axis of time."""
        self.draw_time_axis()
        buffer = io.BytesIO()
        self._figure.savefig(buffer, format="png")
        return buffer.getvalue()

    def channel_name(self, channel: HeatmapChannel) -> str:
        several = len(self._data.channels) > 1
        return channel.role or (self._texts.sides[channel.number] if several else "")

    def add_panel(self, height: float) -> Axes:
        """Add axes of that height under the last ones, which span the time of the recording."""
        axes = self.add_axes(LEFT, self._cursor, self._width - LEFT - RIGHT, height)
        axes.set_xlim(0, self._seconds)
        self._panels.append(axes)
        self._cursor += height + _GAP
        return axes

    def add_axes(self, left: float, top: float, width: float, height: float) -> Axes:
        bottom = 1 - (top + height) / self._height
        axes = self._figure.add_axes((left / self._width, bottom, width / self._width, height / self._height))
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0, labelbottom=False, labelleft=False)
        return axes

    def write(self, left: float, top: float, text: str, *, size: float = _NORMAL, **style: Any) -> None:
        position = (left / self._width, 1 - top / self._height)
        style = {"color": _INK, "va": "center", **style}
        self._figure.text(*position, text, fontproperties=_font(), fontsize=size, **style)

    def draw_waveform(self, peaks: Peaks) -> None:
        axes = self.add_panel(_WAVE)
        axes.set_ylim(-self._peak, self._peak)
        lowest, highest = peaks.T / FULL_SCALE
        times = (np.arange(len(peaks)) + 0.5) * self._seconds / max(1, len(peaks))
        axes.axhline(0, color=_SOUND, linewidth=0.6)
        axes.fill_between(times, lowest, highest, color=_SOUND, linewidth=0)

    def draw_scores(self, channel: HeatmapChannel) -> None:
        """Draw a row for each label with its name and the colour of its emotion in the strip, and the scale beside."""
        top, height = self._cursor, _ROW * self._rows
        axes = self.add_panel(height)
        colours = colormaps[_COLOURS](np.nan_to_num(channel.scores.T))[..., :3]
        colours[np.isnan(channel.scores.T)] = 1
        self.draw_columns(axes, colours)
        axes.hlines(np.arange(1, self._rows) / self._rows, 0, self._seconds, color="white", linewidth=0.8)
        _hatch(axes, (span for span in channel.skipped if span[1] - span[0] >= _MIN_HATCHED * self._data.hop))
        left = LEFT - _NEAR - _SWATCH
        for row, label in enumerate(self._data.labels):
            middle = top + (row + 0.5) * _ROW
            self.write(left - _NEAR / 2, middle, self._texts.emotions.get(label, label), size=_SMALL, ha="right")
            corner = (left / self._width, 1 - (middle + _SWATCH / 2) / self._height)
            width, height_of_swatch = _SWATCH / self._width, _SWATCH / self._height
            self._figure.add_artist(Rectangle(corner, width, height_of_swatch, color=colour_of(label), linewidth=0))
        self.draw_scale(top, height)

    def draw_columns(self, axes: Axes, colours: NDArray[np.float64]) -> None:
        """Draw colours [rows, columns, 3], each column as wide as the time that it stands for."""
        end = colours.shape[1] * self._data.hop / SAMPLE_RATE
        axes.imshow(colours, extent=(0, end, 0, 1), aspect="auto", interpolation="nearest")
        axes.set_xlim(0, self._seconds)

    def draw_scale(self, top: float, height: float) -> None:
        left = self._width - RIGHT + 2 * _NEAR
        axes = self.add_axes(left, top, _SCALE, height)
        axes.imshow(np.linspace(1, 0, 256)[:, None], cmap=_COLOURS, aspect="auto", extent=(0, 1, 0, 1))
        for share, text in ((0.0, "1"), (0.5, "0.5"), (1.0, "0")):
            inset = 0.06 * (1 - 2 * share)  # so that no number stands out above or below
            self.write(left + _SCALE + _NEAR / 2, top + share * height + inset, text, size=_SMALL, color=_FAINT)
        middle = left + _SCALE + 0.36
        self.write(middle, top + height / 2, self._texts.score, size=_SMALL, ha="center", color=_FAINT, rotation=90)

    def draw_time_axis(self) -> None:
        """Draw the times under the last panel."""
        max_ticks = (self._width - LEFT - RIGHT) / _TICK
        hours = self._seconds >= _HOUR_S
        axis = self._panels[-1].xaxis
        axis.set_major_locator(MultipleLocator(tick_step_s(self._seconds, max_ticks)))
        axis.set_major_formatter(lambda second, _: tick_label(round(second), hours=hours))
        axis.set_tick_params(length=3, width=0.6, color=_FAINT, labelbottom=True, labelcolor=_INK)
        for label in self._panels[-1].get_xticklabels():
            label.set_fontproperties(_font())
            label.set_fontsize(_SMALL)
        window = self._texts.smoothed.format(window=f"{self._data.window / SAMPLE_RATE:.0f}\N{NO-BREAK SPACE}s")
        self.write(LEFT - 3 * _NEAR, self._cursor + 0.05, window, size=_SMALL, color=_FAINT, ha="right")
        unit = self._texts.hours if hours else self._texts.minutes
        self.write(self._width - RIGHT + 2 * _NEAR, self._cursor + 0.05, unit, size=_SMALL, color=_FAINT)


def _hatch(axes: Axes, spans: Iterable[Span]) -> None:
    """Mark skipped spans, which are white otherwise."""
    for start, end in spans:
        axes.axvspan(
            start / SAMPLE_RATE,
            end / SAMPLE_RATE,
            facecolor="none",
            edgecolor=_FAINT,
            hatch="/////",
            hatch_linewidth=0.6,
            linewidth=0,
        )


def _peak(peaks: Peaks | None) -> float:
    return 0.0 if peaks is None else float(np.abs(peaks.astype(np.int16)).max(initial=0)) / FULL_SCALE


@cache
def _font() -> FontProperties:
    """The same font on every machine, with Chinese characters, in which roles may be written too."""
    return FontProperties(fname=fonts.REGULAR)
