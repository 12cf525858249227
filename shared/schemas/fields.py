"""Field types of request bodies."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from shared.domain.urls import split_url


def _require_printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be of printable characters, on one line")
    return text


def _require_url(url: str) -> str:
    split_url(url)
    return url


Printable = Annotated[str, AfterValidator(_require_printable)]
Url = Annotated[str, AfterValidator(_require_url)]

REPEATABLE = Field(json_schema_extra={"uniqueItems": False})
"""Marks a set in whose JSON a value may be repeated, without effect."""
