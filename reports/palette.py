"""The colour of each emotion: the page's (`api/page/palette.js`), after Okabe and Ito, for colour-blind people too.

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
_ANY = "#8a7f72"


def colour_of(emotion: str) -> str:
    """`#rrggbb`, also for labels of models that we do not know."""
    return _COLOURS.get(emotion, _ANY)
