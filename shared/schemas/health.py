"""State of the service."""

from __future__ import annotations

from pydantic import BaseModel, Field


class HealthDocument(BaseModel):
    status: str = Field(examples=["ok"])
    problems: list[str] = Field(examples=[[]])
    """Reasons why the service is not ready, in sentences; empty when it is."""
