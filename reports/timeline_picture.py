"""The timeline as a picture: of each channel its phases, and a row for each emotion. SVG, for screen and print.

The rows tell emotions apart without colour, and however long the recording the picture stays as small.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

import numpy as np

from reports.findings import Findings
from reports.fonts import FAMILY
from reports.palette import colour_of
from reports.phases import Phase
from reports.ticks import step_s
from reports.wording import Wording
from shared.domain.recording import SAMPLE_RATE
from shared.domain.timeline import Result

# Units of the picture, each a point in print.
_WIDTH, _LEFT, _RIGHT = 720.0, 78.0, 22.0
_HEAD, _BAR, _ROW, _GAP, _FOOT = 16.0, 18.0, 11.0, 10.0, 18.0
_FONT = 8.5
_COLUMNS = 1256
"""Where regions may begin and end, two to a unit: finer is not seen."""

_MOST_TICKS = 10
_WIDE = 0.6
"""Width of a letter, in parts of the size of the font; Chinese characters are all of it."""
_DARK, _LIGHT = "#111111", "#ffffff"

Spans = Iterable[tuple[int, int]]


def draw(result: Result, findings: Findings, wording: Wording, duration: int) -> str:
    """The SVG of a result in which something was analysed; `duration` is in samples."""
    return _Picture(result, findings, wording, max(duration, SAMPLE_RATE)).drawn()


class _Picture:
    def __init__(self, result: Result, findings: Findings, wording: Wording, duration: int) -> None:
        self._result = result
        self._findings = findings
        self._wording = wording
        self._duration = duration
        self._emotions = list(result.summary.share_by_emotion)
        self._root = Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "font-family": f"{FAMILY}, sans-serif"})
        self._top = 0.0

    def drawn(self) -> str:
        label = self._wording.texts.picture.format(span=self._wording.span(0, self._duration))
        self._root.attrib |= {"font-size": f"{_FONT}", "fill": "currentColor", "role": "img", "aria-label": label}
        grid = SubElement(self._root, "path", {"stroke": "currentColor", "stroke-opacity": ".15", "fill": "none"})
        for channel in self._findings.channels:
            self._draw_channel(channel)
        self._draw_axis(grid)
        height = self._top + _FOOT
        self._root.attrib |= {"viewBox": f"0 0 {_WIDTH:g} {height:g}", "width": f"{_WIDTH:g}", "height": f"{height:g}"}
        return ElementTree.tostring(self._root, encoding="unicode")

    def _draw_channel(self, channel: int) -> None:
        if len(self._findings.channels) > 1:
            self._text(0, self._top + 11, self._wording.channel(channel), weight="bold")
            self._top += _HEAD
        for phase in self._findings.phases:
            if phase.channel == channel:
                self._draw_phase(phase)
        self._top += _BAR + 3
        for emotion in self._emotions:
            entries = [own for own in self._result.timeline if own.channel == channel and own.emotion == emotion]
            name = self._wording.emotion(emotion)
            self._draw_row(name, ((own.start, own.end) for own in entries), fill=colour_of(emotion))
        skipped = [own.segment for own in self._result.segments if not own.ok and own.segment.channel == channel]
        if skipped:
            spans = ((segment.start, segment.end) for segment in skipped)
            self._draw_row(self._wording.texts.skipped_row, spans, fill="none", stroke="currentColor")
        self._top += _GAP

    def _draw_phase(self, phase: Phase) -> None:
        start, end = self._x(phase.start), self._x(phase.end)
        mixed = phase.share <= 0.5
        colour = colour_of(phase.emotion)
        place = {"x": f"{start:.1f}", "y": f"{self._top:.1f}", "width": f"{end - start:.1f}", "height": f"{_BAR}"}
        look = {"fill": colour, "fill-opacity": ".4" if mixed else "1", "rx": "2"}
        SubElement(self._root, "rect", place | look)
        name, share = self._wording.emotion(phase.emotion), self._wording.percent(phase.share)
        label = next((text for text in (f"{name} {share}", name) if _length(text) + 6 <= end - start), "")
        ink = None if mixed else _readable_on(colour)
        self._text((start + end) / 2, self._top + 12.2, label, anchor="middle", fill=ink)

    def _draw_row(self, name: str, spans: Spans, **look: str) -> None:
        line = f"M{_LEFT:g} {self._top + _ROW / 2:.1f}H{_WIDTH - _RIGHT:g}"
        SubElement(self._root, "path", {"d": line, "stroke": "currentColor", "stroke-opacity": ".12"})
        self._text(_LEFT - 6, self._top + 8.4, name, anchor="end")
        runs = _runs(spans, self._duration)
        regions = "".join(
            f"M{_column(start)} {self._top + 1:.1f}V{self._top + _ROW - 1:.1f}H{_column(end)}V{self._top + 1:.1f}z"
            for start, end in runs
        )
        if regions:
            SubElement(self._root, "path", {"d": regions} | look)
        self._top += _ROW

    def _draw_axis(self, grid: Element) -> None:
        step = step_s(self._duration / SAMPLE_RATE, _MOST_TICKS)
        ticks = range(0, self._duration + 1, step * SAMPLE_RATE)
        grid.set("d", "".join(f"M{self._x(tick):.1f} 0V{self._top - 4:.1f}" for tick in ticks))
        for tick in ticks:
            self._text(self._x(tick), self._top + 8, self._wording.time(tick), anchor="middle")

    def _text(
        self, x: float, y: float, text: str, *, anchor: str = "start", weight: str = "normal", fill: str | None = None
    ) -> None:
        look = {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor, "font-weight": weight}
        SubElement(self._root, "text", look | ({"fill": fill} if fill else {})).text = text

    def _x(self, samples: int) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * min(samples / self._duration, 1.0)


def _runs(spans: Spans, duration: int) -> Sequence[tuple[int, int]]:
    """The columns [start, end) that the spans touch."""
    touched = np.zeros(_COLUMNS + 2, np.int8)
    for start, end in spans:
        first = min(start * _COLUMNS // duration, _COLUMNS - 1)
        last = min(max(end * _COLUMNS // duration, first + 1), _COLUMNS)
        touched[first + 1 : last + 1] = 1
    touched[-1] = 0
    edges = np.flatnonzero(np.diff(touched)).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))


def _column(number: int) -> str:
    return f"{_LEFT + (_WIDTH - _LEFT - _RIGHT) * number / _COLUMNS:g}"


def _length(label: str) -> float:
    return _FONT * sum(_WIDE if ord(character) < 0x2E80 else 1 for character in label)


def _readable_on(colour: str) -> str:
    """The colour of text on another, by its luminance as WCAG has it."""
    red, green, blue = ((int(colour[at : at + 2], 16) / 255) ** 2.2 for at in (1, 3, 5))
    return _DARK if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18 else _LIGHT
