"""Kinds of values that several requests hold."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator, Field

Text = Annotated[str, Field(max_length=64, pattern=r"^[^\x00]*$")]
"""Of a query. Postgres takes no null character."""


def _written_out(value: str) -> str:
    # A bare number would be taken for seconds since 1970.
    if not re.match(r"\d{4}-", value):
        raise ValueError("it must begin with a year, as 2026-11-23")
    return value


Time = Annotated[AwareDatetime, BeforeValidator(_written_out)]
Day = Annotated[date, BeforeValidator(_written_out)]
