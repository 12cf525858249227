"""The heat map of a recording: for each channel its waveform, the emotion found, and all scores, over time."""

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
from reports.heatmap_input import LEFT, RIGHT, Picture, Voice
from reports.palette import colour_of
from reports.texts import TEXTS, Language, Texts
from reports.ticks import step_s
from reports.time_columns import Stretch
from shared.domain.recording import SAMPLE_RATE
from shared.waveform import FULL_SCALE, Peaks

# Inches.
_TOP, _BOTTOM, _BETWEEN = 0.12, 0.32, 0.14
_NAME, _WAVE, _STRIP, _ROW, _GAP = 0.27, 0.62, 0.15, 0.21, 0.06
_SCALE, _SWATCH, _NEAR = 0.12, 0.1, 0.09
_TICK = 0.8
"""The least room for the time at a tick."""

_SMALL, _NORMAL = 8.5, 9.5
_INK, _FAINT, _SOUND = "#22303c", "#7d8a96", "#4a6078"
_COLOURS = "magma_r"
"""Perceptually even, also for colour-blind people. It is cream at zero: white is left for where nothing was said."""

_QUIETEST = 0.1
"""Of full scale: sound that is louder nowhere is drawn as quiet as it is, and no noise as a voice."""

_HATCHED = 3
"""Columns, less of which would be dust on the scores; the strip above them has every stretch."""

_HOUR_S = 3600


def heatmap(picture: Picture, language: Language = "en") -> bytes:
    """The picture as PNG."""
    page = _Page(picture, TEXTS[language])
    for voice in picture.voices:
        page.add(voice)
    return page.png()


class _Page:
    """Panels from the top down, one for each channel, over one axis of time. All measures are inches from the top."""

    def __init__(self, picture: Picture, words: Texts) -> None:
        self._picture = picture
        self._words = words
        self._rows = max(1, len(picture.labels))
        self._seconds = max(0.1, picture.duration / SAMPLE_RATE)
        self._loudest = max([_QUIETEST, *(_loudest(voice.peaks) for voice in picture.voices)])
        self._width = picture.size.width / picture.size.dpi
        self._height = _TOP + sum(map(self._height_of, picture.voices)) + _BOTTOM
        self._figure = Figure(figsize=(self._width, self._height), dpi=picture.size.dpi, facecolor="white")
        self._at = _TOP
        self._panels: list[Axes] = []

    def add(self, voice: Voice) -> None:
        """Draws a channel under those that are there."""
        if name := self._name(voice):
            self._write(LEFT, self._at + _NAME / 2, name)
            self._at += _NAME
        if voice.peaks is not None:
            self._sound(voice.peaks)
        self._emotions(voice)
        if self._picture.labels:
            self._scores(voice)
        else:
            self._write(LEFT, self._at + _ROW / 2, self._words.no_scores, color=_FAINT)
            self._next(_ROW)
        self._at += _BETWEEN - _GAP

    def png(self) -> bytes:
        self._time()
        buffer = io.BytesIO()
        self._figure.savefig(buffer, format="png")
        return buffer.getvalue()

    def _height_of(self, voice: Voice) -> float:
        name = _NAME if self._name(voice) else 0
        sound = 0 if voice.peaks is None else _WAVE + _GAP
        return name + sound + _STRIP + _GAP + _ROW * self._rows + _BETWEEN

    def _name(self, voice: Voice) -> str:
        several = len(self._picture.voices) > 1
        return voice.role or (self._words.sides[voice.number] if several else "")

    def _next(self, height: float) -> Axes:
        """A box of that height under what is there, which spans the time of the recording."""
        axes = self._box(LEFT, self._at, self._width - LEFT - RIGHT, height)
        axes.set_xlim(0, self._seconds)
        self._panels.append(axes)
        self._at += height + _GAP
        return axes

    def _box(self, left: float, top: float, width: float, height: float) -> Axes:
        bottom = 1 - (top + height) / self._height
        axes = self._figure.add_axes((left / self._width, bottom, width / self._width, height / self._height))
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0, labelbottom=False, labelleft=False)
        return axes

    def _write(self, left: float, top: float, text: str, *, size: float = _NORMAL, **more: Any) -> None:
        at = (left / self._width, 1 - top / self._height)
        style = {"color": _INK, "va": "center", **more}
        self._figure.text(*at, text, fontproperties=_font(), fontsize=size, **style)

    def _sound(self, peaks: Peaks) -> None:
        axes = self._next(_WAVE)
        axes.set_ylim(-self._loudest, self._loudest)
        lowest, highest = peaks.T / FULL_SCALE
        at = (np.arange(len(peaks)) + 0.5) * self._seconds / max(1, len(peaks))
        axes.axhline(0, color=_SOUND, linewidth=0.6)
        axes.fill_between(at, lowest, highest, color=_SOUND, linewidth=0)

    def _emotions(self, voice: Voice) -> None:
        colours = np.array([*map(to_rgb, map(colour_of, self._picture.emotions)), (1.0, 1.0, 1.0)])
        axes = self._next(_STRIP)
        self._columns(axes, colours[voice.emotion][None])
        _hatch(axes, voice.skipped)

    def _scores(self, voice: Voice) -> None:
        top, height = self._at, _ROW * self._rows
        axes = self._next(height)
        colours = colormaps[_COLOURS](np.nan_to_num(voice.scores.T))[..., :3]
        colours[np.isnan(voice.scores.T)] = 1
        self._columns(axes, colours)
        axes.hlines(np.arange(1, self._rows) / self._rows, 0, self._seconds, color="white", linewidth=0.8)
        _hatch(axes, (stretch for stretch in voice.skipped if stretch[1] - stretch[0] >= _HATCHED * self._picture.hop))
        for row, label in enumerate(self._picture.labels):
            self._label(top + (row + 0.5) * _ROW, label)
        self._scale(top, height)

    def _columns(self, axes: Axes, colours: NDArray[np.float64]) -> None:
        """Colours [rows, columns, 3], each column as wide as the time that it stands for."""
        end = colours.shape[1] * self._picture.hop / SAMPLE_RATE
        axes.imshow(colours, extent=(0, end, 0, 1), aspect="auto", interpolation="nearest")
        axes.set_xlim(0, self._seconds)

    def _label(self, middle: float, label: str) -> None:
        """The name of a row, and the colour that its emotion has in the strip."""
        left = LEFT - _NEAR - _SWATCH
        self._write(left - _NEAR / 2, middle, self._words.emotions.get(label, label), size=_SMALL, ha="right")
        at = (left / self._width, 1 - (middle + _SWATCH / 2) / self._height)
        swatch = Rectangle(at, _SWATCH / self._width, _SWATCH / self._height, color=colour_of(label), linewidth=0)
        self._figure.add_artist(swatch)

    def _scale(self, top: float, height: float) -> None:
        left = self._width - RIGHT + 2 * _NEAR
        axes = self._box(left, top, _SCALE, height)
        axes.imshow(np.linspace(1, 0, 256)[:, None], cmap=_COLOURS, aspect="auto", extent=(0, 1, 0, 1))
        for share, text in ((0.0, "1"), (0.5, "0.5"), (1.0, "0")):
            inset = 0.06 * (1 - 2 * share)  # so that no number stands out above or below
            self._write(left + _SCALE + _NEAR / 2, top + share * height + inset, text, size=_SMALL, color=_FAINT)
        middle = left + _SCALE + 0.36
        self._write(middle, top + height / 2, self._words.score, size=_SMALL, ha="center", color=_FAINT, rotation=90)

    def _time(self) -> None:
        """The times under the last box."""
        room = (self._width - LEFT - RIGHT) / _TICK
        hours = self._seconds >= _HOUR_S
        axis = self._panels[-1].xaxis
        axis.set_major_locator(MultipleLocator(step_s(self._seconds, room)))
        axis.set_major_formatter(lambda second, _: _clock(round(second), hours))
        axis.set_tick_params(length=3, width=0.6, color=_FAINT, labelbottom=True, labelcolor=_INK)
        for label in self._panels[-1].get_xticklabels():
            label.set_fontproperties(_font())
            label.set_fontsize(_SMALL)
        unit = self._words.hours if hours else self._words.minutes
        self._write(self._width - RIGHT + 2 * _NEAR, self._at + 0.05, unit, size=_SMALL, color=_FAINT)


def _clock(second: int, hours: bool) -> str:
    high, low = divmod(second // 60, 60) if hours else divmod(second, 60)
    return f"{high}:{low:02d}"


def _hatch(axes: Axes, stretches: Iterable[Stretch]) -> None:
    """Marks what was skipped, which is white otherwise."""
    for start, end in stretches:
        axes.axvspan(
            start / SAMPLE_RATE,
            end / SAMPLE_RATE,
            facecolor="none",
            edgecolor=_FAINT,
            hatch="/////",
            hatch_linewidth=0.6,
            linewidth=0,
        )


def _loudest(peaks: Peaks | None) -> float:
    return 0.0 if peaks is None else float(np.abs(peaks.astype(np.int16)).max(initial=0)) / FULL_SCALE


@cache
def _font() -> FontProperties:
    """The same everywhere, and with Chinese, in which roles may be too."""
    return FontProperties(fname=fonts.path())
