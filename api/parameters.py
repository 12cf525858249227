"""Types of parameters that several requests have."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

Text = Annotated[str, Field(max_length=64, pattern=r"^[^\x00]*$")]
"""A short text in a query. Postgres takes no null character."""
