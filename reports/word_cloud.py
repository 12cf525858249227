"""The emotions as a cloud of words, larger where their share is. The same shares give the same picture."""

from __future__ import annotations

import io
from collections.abc import Sequence
from math import sqrt
from typing import Any

from wordcloud import WordCloud

from reports import fonts
from reports.report_text import EmotionShare

_SIZE = (340, 180)
_SCALE = 3
"""Pixels to each of the units of `_SIZE`, so that the picture is sharp in print."""
_MAX_HEIGHTS = (84, 74, 65, 57, 50, 44, 38, 33, 28, 22)
"""Heights that the largest word may have: the first is taken that leaves room for all words."""
_MIN_HEIGHT = 0.22
"""The least height of a word, in parts of the largest, however small its share."""
_SEED = 1


def draw(shares: Sequence[EmotionShare]) -> bytes:
    """Draw the cloud as PNG without a background, for dark pages too. The area of a word grows with its share.

    Where room is short, the library makes words smaller; such a cloud is drawn anew with a smaller largest word.
    """
    largest = max(share.part for share in shares)
    heights = {share.emotion: max(sqrt(share.part / largest), _MIN_HEIGHT) for share in shares}
    colours = {share.emotion: share.colour for share in shares}

    def colour(word: str, *_: Any, **__: Any) -> str:
        return colours[word]

    for max_height in _MAX_HEIGHTS:
        cloud = WordCloud(
            font_path=str(fonts.REGULAR),
            width=_SIZE[0],
            height=_SIZE[1],
            scale=_SCALE,
            margin=3,
            mode="RGBA",
            background_color=None,
            max_font_size=max_height,
            relative_scaling=1,
            prefer_horizontal=1,
            color_func=colour,
            random_state=_SEED,
        ).generate_from_frequencies(heights)
        drawn = {word: size for (word, _), size, *_ in cloud.layout_}
        if all(abs(drawn.get(word, 0) - max_height * height) <= 2 for word, height in heights.items()):
            break
    image = cloud.to_image()
    file = io.BytesIO()
    image.crop(image.getbbox()).save(file, "PNG")
    return file.getvalue()
