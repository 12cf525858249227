"""State of the service."""

from __future__ import annotations

from pydantic import BaseModel


class HealthDocument(BaseModel):
    status: str
    problems: list[str]
    """Reasons why the service is not ready, in sentences; empty when it is."""
