"""Error answers, as RFC 9457 has them."""

from __future__ import annotations

from pydantic import BaseModel, Field


class Problem(BaseModel):
    """What every error answer looks like."""

    type: str = Field(examples=["/errors#job_not_found"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    code: str = Field(examples=["job_not_found"])
    detail: str = Field(examples=["There is no job with this id."])
