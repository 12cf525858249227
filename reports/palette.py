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
    "other": "#6d7787",
    "sad": "#0072b2",
    "surprised": "#56b4e9",
    "unknown": "#c3c9d1",
}
_UNKNOWN_LABEL = "#8a7f72"


def colour_of(emotion: str) -> str:
    """Return the colour of an emotion as `#rrggbb`; labels that are not of ours share one."""
    return _COLOURS.get(emotion, _UNKNOWN_LABEL)
