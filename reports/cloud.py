"""The emotions as a cloud of words, each as large as its share. The same shares give the same picture."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from reports import fonts
from reports.content import Share

_SIZE = (320, 170)
_SCALE = 3
"""Pixels to each of its units, so that it is sharp in print."""
_SMALLEST = 11
_SEED = 1


def draw(shares: Sequence[Share]) -> bytes:
    """A PNG without a background, for dark pages too."""
    # Here, because it brings matplotlib along, which takes over half a second that not every request is to pay.
    from wordcloud import WordCloud

    colours = {share.emotion: share.colour for share in shares}

    def colour(word: str, *_: Any, **__: Any) -> str:
        return colours[word]

    cloud = WordCloud(
        font_path=str(fonts.path()),
        width=_SIZE[0],
        height=_SIZE[1],
        scale=_SCALE,
        margin=4,
        mode="RGBA",
        background_color=None,
        min_font_size=_SMALLEST,
        relative_scaling=0.4,
        prefer_horizontal=1,
        color_func=colour,
        random_state=_SEED,
    )
    file = io.BytesIO()
    cloud.generate_from_frequencies({share.emotion: share.part for share in shares}).to_image().save(file, "PNG")
    return file.getvalue()
