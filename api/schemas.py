"""What the API answers with around the documents of `shared.documents`."""

from __future__ import annotations

from pydantic import BaseModel

from shared.documents.job import JobDocument
from shared.documents.segments import SegmentDocument, TimelineEntryDocument


class JobPageDocument(BaseModel):
    data: list[JobDocument]
    next_cursor: str | None


class SegmentPageDocument(BaseModel):
    data: list[SegmentDocument]
    next_cursor: str | None


class TimelineDocument(BaseModel):
    data: list[TimelineEntryDocument]
    next_cursor: None = None


class HealthDocument(BaseModel):
    status: str
    problems: list[str]
    """Why the service is not ready, in sentences; empty when it is."""
