"""Pictures and reports show emotions as the page does, whose files are in another language."""

from __future__ import annotations

import re
from pathlib import Path

from reports.palette import colour_of
from reports.texts import TEXTS
from shared.domain.emotion import EMOTIONS

PAGE = Path(__file__).parents[2] / "api" / "page"


def test_in_the_same_colours() -> None:
    palette = (PAGE / "palette.js").read_text(encoding="utf-8")
    looks = dict(re.findall(r'^  (\w+): \["(#[0-9a-f]{6})"', palette, re.MULTILINE))
    assert looks == {emotion: colour_of(emotion) for emotion in EMOTIONS}
    assert f'FALLBACK = ["{colour_of("another")}"' in palette


def test_under_the_same_names() -> None:
    for language, texts in TEXTS.items():
        words = (PAGE / "locales" / f"{language}.js").read_text(encoding="utf-8")
        names = dict(re.findall(r'"emotion\.(\w+)": "([^"]+)"', words))
        assert names == {emotion: texts.emotions[emotion] for emotion in EMOTIONS}
        assert re.findall(r'"channel\.[01]": "([^"]+)"', words.lower()) == list(texts.sides)
