"""All texts of reports and pictures, a module for each language."""

from __future__ import annotations

from typing import Literal

from reports.texts.chinese import CHINESE
from reports.texts.english import ENGLISH
from reports.texts.schema import Texts

__all__ = ["TEXTS", "Language", "Texts"]

Language = Literal["en", "zh"]
TEXTS: dict[Language, Texts] = {"en": ENGLISH, "zh": CHINESE}
