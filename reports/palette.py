"""The colour of each emotion, as in `api/page/palette.js`: after Okabe and Ito, for colour-blind people too.

Colour never stands alone: there is a row, a name or a number beside it.
"""

from __future__ import annotations

_COLOURS = {
    "angry": "#d55e00",
    "disgusted": "#009e73",
    "fearful": "#cc79a7",
    "happy": "#f0c419",
    "neutral": "#9aa8b8",
    "other": "#7a5f3c",
    "sad": "#0072b2",
    "surprised": "#56b4e9",
    "unknown": "#c3c9d1",
}
_UNKNOWN_LABEL = "#8a7f72"
_DARK, _LIGHT = "#111111", "#ffffff"


def colour_of(emotion: str) -> str:
    """Return the colour of an emotion as `#rrggbb`; all other labels of models share one."""
    return _COLOURS.get(emotion, _UNKNOWN_LABEL)


def text_colour_on(colour: str) -> str:
    """Return a colour in which text is readable on another, `#rrggbb`, by its luminance as WCAG defines it."""
    red, green, blue = ((int(colour[start : start + 2], 16) / 255) ** 2.2 for start in (1, 3, 5))
    return _DARK if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18 else _LIGHT
