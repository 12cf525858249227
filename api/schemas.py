"""What the API answers with around the documents of `shared.schemas`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.parameters import REPEATABLE
from shared.domain.access import ApiKey, Scope
from shared.schemas.job import JobDocument
from shared.schemas.segments import SegmentDocument, TimelineEntryDocument


class JobPageDocument(BaseModel):
    data: list[JobDocument]
    next_cursor: str | None


class SegmentPageDocument(BaseModel):
    data: list[SegmentDocument]
    next_cursor: str | None


class TimelineDocument(BaseModel):
    data: list[TimelineEntryDocument]
    next_cursor: None = None


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be of printable characters, on one line")
    return text


Printable = Annotated[str, AfterValidator(_printable)]


class CorrectionRequest(BaseModel):
    """What a person says the emotion of a segment is."""

    model_config = ConfigDict(extra="forbid")

    emotion: str = Field(max_length=64, examples=["angry"])
    comment: Printable | None = Field(
        default=None, min_length=1, max_length=1000, examples=["Raises her voice at the end."]
    )


class KeyDocument(BaseModel):
    """An API key without its secret."""

    id: str
    name: str
    tenant: str
    prefix: str
    """The secret's first characters, to know it by."""
    scopes: list[Scope]
    created_at: datetime
    revoked_at: datetime | None

    @classmethod
    def of(cls, key: ApiKey, **more: str) -> Self:
        return cls(
            id=key.id,
            name=key.name,
            tenant=key.tenant,
            prefix=key.prefix,
            scopes=list(key.scopes),
            created_at=key.created_at,
            revoked_at=key.revoked_at,
            **more,
        )


class NewKeyDocument(KeyDocument):
    secret: str
    """The key itself, shown this once."""


class KeyPageDocument(BaseModel):
    data: list[KeyDocument]
    next_cursor: None = None


class KeyRequest(BaseModel):
    """What a new key is to be."""

    model_config = ConfigDict(extra="forbid")

    name: Printable = Field(min_length=1, max_length=100, description="What it is for.", examples=["nightly import"])
    scopes: Annotated[set[Scope], REPEATABLE] = Field(default={Scope.READ, Scope.WRITE}, min_length=1)


class HealthDocument(BaseModel):
    status: str
    problems: list[str]
    """Why the service is not ready, in sentences; empty when it is."""
