"""The emotions as a cloud of words, larger where their share is. The same shares give the same picture."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any

from wordcloud import WordCloud

from reports import fonts
from reports.report_text import Share

_SIZE = (340, 180)
_SCALE = 3
"""Pixels to each of its units, so that it is sharp in print."""
_LARGEST = (84, 74, 65, 57, 50, 44, 38, 33, 28, 22)
"""Heights that the largest word may have: the first that leaves room for all."""
_READABLE = 0.22
"""The least height of a word, in parts of the largest, however small its share."""
_SEED = 1


def draw(shares: Sequence[Share]) -> bytes:
    """A PNG without a background, for dark pages too. The room that a word takes goes by its share."""
    largest = max(share.part for share in shares)
    heights = {share.emotion: max(sqrt(share.part / largest), _READABLE) for share in shares}
    colours = {share.emotion: share.colour for share in shares}
    clouds = (_cloud(heights, colours, size) for size in _LARGEST)
    image = next(cloud for cloud in clouds if _is_true(cloud, heights)).to_image()
    file = io.BytesIO()
    image.crop(image.getbbox()).save(file, "PNG")
    return file.getvalue()


def _cloud(heights: Mapping[str, float], colours: Mapping[str, str], largest: int) -> WordCloud:
    def colour(word: str, *_: Any, **__: Any) -> str:
        return colours[word]

    cloud = WordCloud(
        font_path=str(fonts.path()),
        width=_SIZE[0],
        height=_SIZE[1],
        scale=_SCALE,
        margin=3,
        mode="RGBA",
        background_color=None,
        max_font_size=largest,
        relative_scaling=1,
        prefer_horizontal=1,
        color_func=colour,
        random_state=_SEED,
    )
    return cloud.generate_from_frequencies(heights)


def _is_true(cloud: WordCloud, heights: Mapping[str, float]) -> bool:
    """Whether every word is there, and as high as it should be: where room is short, they are made smaller."""
    sizes = {word: size for (word, _), size, *_ in cloud.layout_}
    true = (abs(sizes.get(word, 0) - cloud.max_font_size * height) <= 2 for word, height in heights.items())
    return all(true) or cloud.max_font_size == _LARGEST[-1]
