"""Types of parameters that several requests have."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import Field

Text = Annotated[str, Field(max_length=64, pattern=r"^[^\x00]*$")]
"""A short text in a query. Postgres takes no null character."""

Corrected = Annotated[
    bool, Query(description="Whether people's corrections count; `false` gives the model's own answers.")
]

SetProbability = Annotated[
    float | None,
    Query(
        ge=0.5,
        le=0.99,
        description="Give each segment its `emotion_set` for this probability; by default as the job's config says.",
    ),
]
