"""The timeline as a picture (SVG, for screen and print): for each channel phases, valence, a row for each emotion.

The rows tell emotions apart without colour, and a long recording has a picture no larger than a short one's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

import numpy as np

from reports.findings import Findings
from reports.fonts import FAMILY
from reports.palette import colour_of, text_colour_on
from reports.ticks import tick_step_s
from reports.time_columns import Span
from reports.wording import Wording
from shared.domain.recording import SAMPLE_RATE
from shared.domain.timeline import Result
from shared.findings.channel_segments import Reals
from shared.findings.curve import ChannelCurve
from shared.findings.phases import Phase
from shared.findings.quantity import Quantity

# Units of the picture, each a point in print.
WIDE, NARROW = 720.0, 300.0
"""Widths of the picture: of a page, and of a phone, on which letters would be too small in a wide one."""
_LEFT, _RIGHT = 78.0, 22.0
_HEAD, _BAR, _CURVE, _ROW, _GAP, _FOOT = 16.0, 18.0, 28.0, 11.0, 10.0, 18.0
_FONT_SIZE = 8.5
_COLUMNS_PER_UNIT = 2
"""Places where a region may begin and end: finer is not seen."""

_TICK_WIDTH = 62.0
"""Units from one tick to the next, at least."""
_LETTER_WIDTH = 0.6
"""Width of a letter, in parts of the size of the font; Chinese characters take all of it."""


def draw_timeline(result: Result, findings: Findings, words: Wording, duration: int, width: float = WIDE) -> str:
    """Draw the SVG of a result in which something was analysed; `duration` is in samples."""
    return _TimelinePicture(result, findings, words, max(duration, SAMPLE_RATE), width).to_svg()


class _TimelinePicture:
    """Rows from the top down; `self._top` is where the next one begins."""

    def __init__(self, result: Result, findings: Findings, words: Wording, duration: int, width: float) -> None:
        self._result = result
        self._findings = findings
        self._words = words
        self._duration = duration
        self._width = width
        self._room = width - _LEFT - _RIGHT
        self._root = Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "font-family": f"{FAMILY}, sans-serif"})
        self._top = 0.0

    def to_svg(self) -> str:
        label = self._words.texts.picture.format(span=self._words.span(0, self._duration))
        self._root.attrib |= {"font-size": f"{_FONT_SIZE}", "fill": "currentColor", "role": "img", "aria-label": label}
        grid = SubElement(self._root, "path", {"stroke": "currentColor", "stroke-opacity": ".15", "fill": "none"})
        for channel in self._findings.channels:
            self.draw_channel(channel)
        step = tick_step_s(self._duration / SAMPLE_RATE, int(self._room / _TICK_WIDTH))
        ticks = range(0, self._duration + 1, step * SAMPLE_RATE)
        grid.set("d", "".join(f"M{self.x(tick):.1f} 0V{self._top - 4:.1f}" for tick in ticks))
        for tick in ticks:
            self.write(self.x(tick), self._top + 8, self._words.time(tick), anchor="middle")
        height = self._top + _FOOT
        self._root.attrib |= {
            "viewBox": f"0 0 {self._width:g} {height:g}",
            "width": f"{self._width:g}",
            "height": f"{height:g}",
        }
        return ElementTree.tostring(self._root, encoding="unicode")

    def draw_channel(self, channel: int) -> None:
        if len(self._findings.channels) > 1:
            self.write(0, self._top + 11, self._words.channel(channel), weight="bold")
            self._top += _HEAD
        for phase in self._findings.phases:
            if phase.channel == channel:
                self.draw_phase(phase)
        self._top += _BAR + 3
        for curve in self._findings.curve.channels:
            if curve.channel == channel:
                self.draw_valence(curve)
        entries = [entry for entry in self._result.timeline if entry.channel == channel]
        for emotion in self._result.summary.share_by_emotion:
            spans = ((entry.start, entry.end) for entry in entries if entry.emotion == emotion)
            self.draw_row(self._words.emotion(emotion), spans, fill=colour_of(emotion))
        skipped = [
            (each.segment.start, each.segment.end)
            for each in self._result.segments
            if not each.ok and each.segment.channel == channel
        ]
        if skipped:
            self.draw_row(self._words.texts.skipped_row, skipped, fill="none", stroke="currentColor")
        self._top += _GAP

    def draw_phase(self, phase: Phase) -> None:
        """Draw a bar with the longest label that has room: emotion and share, the emotion, or nothing."""
        start, end = self.x(phase.start), self.x(phase.end)
        mixed = phase.quantity in (Quantity.MIXED, Quantity.LITTLE)
        colour = colour_of(phase.emotion)
        place = {"x": f"{start:.1f}", "y": f"{self._top:.1f}", "width": f"{end - start:.1f}", "height": f"{_BAR}"}
        look = {"fill": colour, "fill-opacity": ".4" if mixed else "1", "rx": "2"}
        SubElement(self._root, "rect", place | look)
        name, share = self._words.emotion(phase.emotion), self._words.percent(phase.share)
        label = next((text for text in (f"{name} {share}", name) if _text_width(text) + 6 <= end - start), "")
        ink = None if mixed else text_colour_on(colour)
        self.write((start + end) / 2, self._top + 12.2, label, anchor="middle", fill=ink)

    def draw_valence(self, curve: ChannelCurve) -> None:
        """Draw valence from -1 to 1 as a line with a band of one standard error, and a gap where nobody speaks."""
        for line, name in enumerate(self._words.texts.valence):
            self.write(_LEFT - 6, self._top + 10.4 + 10 * line, name, anchor="end")
        zero = f"M{_LEFT:g} {self._top + _CURVE / 2:.1f}H{self._width - _RIGHT:g}"
        SubElement(self._root, "path", {"d": zero, "stroke": "currentColor", "stroke-opacity": ".3", "fill": "none"})
        times = [self.x(time) for time in self._findings.curve.grid.times.tolist()]
        valence, error = curve.affect[:, 0], np.nan_to_num(curve.affect_errors[:, 0])
        spoken = np.flatnonzero(np.diff(~np.isnan(valence), prepend=False, append=False)).tolist()
        lines, bands = "", ""
        for first, last in zip(spoken[::2], spoken[1::2], strict=True):
            points = range(first, last)
            lines += self.line(times, valence, points)
            bands += (
                self.line(times, valence + error, points) + self.line(times, valence - error, points[::-1], "L") + "z"
            )
        SubElement(self._root, "path", {"d": bands, "fill-opacity": ".15"})
        look = {"stroke": "currentColor", "stroke-width": "1.2", "stroke-linecap": "round", "fill": "none"}
        SubElement(self._root, "path", {"d": lines} | look)
        self._top += _CURVE + 4

    def line(self, times: Sequence[float], valence: Reals, points: Sequence[int], begin: str = "M") -> str:
        """Return the path through the valence at some points; a single one is a dot of a line."""
        heights = self._top + _CURVE * (1 - np.clip(valence, -1, 1)) / 2
        places = [f"{times[point]:.1f} {heights[point]:.1f}" for point in points]
        return begin + "L".join(places if len(places) > 1 else places * 2)

    def draw_row(self, name: str, spans: Iterable[Span], **look: str) -> None:
        line = f"M{_LEFT:g} {self._top + _ROW / 2:.1f}H{self._width - _RIGHT:g}"
        SubElement(self._root, "path", {"d": line, "stroke": "currentColor", "stroke-opacity": ".12"})
        self.write(_LEFT - 6, self._top + 8.4, name, anchor="end")
        columns = int(self._room * _COLUMNS_PER_UNIT)
        top, bottom = f"{self._top + 1:.1f}", f"{self._top + _ROW - 1:.1f}"
        regions = "".join(
            f"M{_LEFT + self._room * first / columns:g} {top}V{bottom}H{_LEFT + self._room * last / columns:g}V{top}z"
            for first, last in _touched_columns(spans, self._duration, columns)
        )
        if regions:
            SubElement(self._root, "path", {"d": regions} | look)
        self._top += _ROW

    def write(
        self, x: float, y: float, text: str, *, anchor: str = "start", weight: str = "normal", fill: str | None = None
    ) -> None:
        look = {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor, "font-weight": weight}
        SubElement(self._root, "text", look | ({"fill": fill} if fill else {})).text = text

    def x(self, samples: int) -> float:
        return _LEFT + self._room * min(samples / self._duration, 1.0)


def _touched_columns(spans: Iterable[Span], duration: int, columns: int) -> Sequence[tuple[int, int]]:
    """The runs [first, last) of columns that the spans touch, at least one for each span."""
    touched = np.zeros(columns + 2, np.int8)
    for start, end in spans:
        first = min(start * columns // duration, columns - 1)
        last = min(max(end * columns // duration, first + 1), columns)
        touched[first + 1 : last + 1] = 1
    touched[-1] = 0
    edges = np.flatnonzero(np.diff(touched)).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))


def _text_width(text: str) -> float:
    return _FONT_SIZE * sum(_LETTER_WIDTH if ord(character) < 0x2E80 else 1 for character in text)
