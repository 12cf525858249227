"""Field types of request bodies."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

from shared.domain.urls import split_url


def _require_printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be of printable characters, on one line")
    return text


def _require_url(url: str) -> str:
    split_url(url)
    return url


def _require_year(value: str) -> str:
    # A bare number would be taken for seconds since 1970.
    if not re.match(r"\d{4}-", str(value)):
        raise ValueError("it must begin with a year, as 2026-11-23")
    return value


Time = Annotated[AwareDatetime, BeforeValidator(_require_year)]
Day = Annotated[date, BeforeValidator(_require_year)]
Printable = Annotated[str, AfterValidator(_require_printable)]
Url = Annotated[str, AfterValidator(_require_url)]

REPEATABLE = Field(json_schema_extra={"uniqueItems": False})
"""Marks a set in whose JSON a value may be repeated, without effect."""
