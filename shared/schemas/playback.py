"""The address of a recording for players, and links that share one call."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from shared.domain.access import ApiKey
from shared.schemas.document import Document
from shared.schemas.fields import Printable

_YEAR_S = 366 * 24 * 3600
_WEEK_S = 7 * 24 * 3600


class AudioLinkDocument(Document):
    url: str = Field(examples=["/v1/jobs/job_019aab3e-7c1f-7d10-9d0e-0d2a3f1b5c77/audio"])
    media_type: str = Field(examples=["audio/mpeg"])


class ShareRequest(BaseModel):
    """What a new share link is to be."""

    model_config = ConfigDict(extra="forbid")

    name: Printable = Field(default="share", min_length=1, max_length=100, description="Whom or what it is for.")
    lasts_s: int = Field(default=_WEEK_S, ge=60, le=_YEAR_S, description="Seconds until it expires.")


class ShareDocument(Document):
    """A link that shares one call: whoever has it may look at the job and listen, and change nothing."""

    id: str = Field(examples=["shr_019aab3e-7c1f-7d10-9d0e-0d2a3f1b5c77"])
    name: str = Field(examples=["coach of team Berlin"])
    prefix: str = Field(examples=["emo_9f2c"])
    """The secret's first characters, to know it by."""
    created_at: datetime = Field(examples=["2026-11-22T09:00:00Z"])
    expires_at: datetime = Field(examples=["2026-11-29T09:00:00Z"])
    revoked_at: datetime | None = Field(examples=[None])

    @classmethod
    def from_key(cls, key: ApiKey, **fields: str) -> Self:
        """Return the document of a share link; `fields` are those that a subclass adds."""
        assert key.expires_at
        return cls(
            id=key.id,
            name=key.name,
            prefix=key.prefix,
            created_at=key.created_at,
            expires_at=key.expires_at,
            revoked_at=key.revoked_at,
            **fields,
        )


class NewShareDocument(ShareDocument):
    secret: str = Field(examples=["emo_9f2c1e0a4b7d5c3e8f6a1b2c3d4e5f60"])
    """A key that reads this job and nothing else, shown this once."""
    url: str = Field(examples=["/#/shared/emo_…/job_019aab3e-7c1f-7d10-9d0e-0d2a3f1b5c77"])
    """The page of the job with the secret after `#`, which browsers send to nobody; `?t=67.0` opens it at a second."""


class SharePageDocument(BaseModel):
    data: list[ShareDocument]
    next_cursor: None = None
