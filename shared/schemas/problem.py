"""Error answers, as RFC 9457 has them."""

from __future__ import annotations

from pydantic import BaseModel


class Problem(BaseModel):
    """What every error answer looks like."""

    type: str
    title: str
    status: int
    code: str
    detail: str
