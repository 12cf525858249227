"""Usage of the caller's tenant."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.dependencies import ServicesDep
from api.errors import responses
from shared.domain.errors import InvalidPeriod
from shared.schemas.fields import Day
from shared.schemas.usage import UsageReportDocument

router = APIRouter(prefix="/v1/usage", tags=["usage"])


@router.get("", responses=responses(InvalidPeriod))
def get_usage(
    services: ServicesDep,
    first: Annotated[Day | None, Query(alias="from", description="First day; by default 29 days before `to`.")] = None,
    last: Annotated[Day | None, Query(alias="to", description="Last day; by default today.")] = None,
) -> UsageReportDocument:
    """What was submitted, by day (UTC) and key, oldest first; of jobs that were deleted too.

    A job counts on the day on which it was submitted, and its sound as soon as it is decoded.
    """
    return UsageReportDocument.from_days(services.usage.days(first, last))
