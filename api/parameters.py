"""Types of parameters that several requests have."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import AwareDatetime, BeforeValidator, Field

Text = Annotated[str, Field(max_length=64, pattern=r"^[^\x00]*$")]
"""A short text in a query. Postgres takes no null character."""


def _check_begins_with_year(value: str) -> str:
    # A bare number would be taken for seconds since 1970.
    if not re.match(r"\d{4}-", value):
        raise ValueError("it must begin with a year, as 2026-11-23")
    return value


Time = Annotated[AwareDatetime, BeforeValidator(_check_begins_with_year)]
Day = Annotated[date, BeforeValidator(_check_begins_with_year)]

Corrected = Annotated[
    bool, Query(description="Whether people's corrections count; `false` gives the model's own answers.")
]
