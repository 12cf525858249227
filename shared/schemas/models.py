"""Models that the workers run."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from pydantic import BaseModel, Field

from shared.domain.emotion import RunModel
from shared.schemas.recording import ModelDocument


class RunModelDocument(ModelDocument):
    labels: list[str] = Field(examples=[["angry", "happy", "neutral", "sad"]])
    """The emotions that it tells apart."""
    first_run_at: datetime = Field(examples=["2026-11-22T09:00:00Z"])
    last_run_at: datetime = Field(examples=["2026-11-22T09:00:00Z"])
    """Within a minute, where a worker runs it now."""

    @classmethod
    def from_run_model(cls, model: RunModel) -> Self:
        return cls(
            **ModelDocument.from_model(model.info).model_dump(),
            labels=list(model.info.labels),
            first_run_at=model.first_run_at,
            last_run_at=model.last_run_at,
        )


class ModelPageDocument(BaseModel):
    data: list[RunModelDocument]
    next_cursor: None = None
