"""What routes ask for in their signatures.

`async`, though nothing here waits: FastAPI hands what is not to a thread, which takes longer than to do it.
"""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, Path, Request

from api.looks import Looks
from shared.container import Services
from shared.domain.errors import JobNotFound


async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


async def _looks(request: Request) -> Looks:
    looks: Looks = request.app.state.looks
    return looks


_JOB_ID = re.compile(r"job_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def _job_id(
    job_id: Annotated[
        str, Path(description="A job's id, `job_<uuid7>`.", examples=["job_019aab3e-7c1f-7d10-9d0e-0d2a3f1b5c77"])
    ],
) -> str:
    if not _JOB_ID.fullmatch(job_id):
        raise JobNotFound
    return job_id


ServicesDep = Annotated[Services, Depends(_services)]
LooksDep = Annotated[Looks, Depends(_looks)]
JobId = Annotated[str, Depends(_job_id)]
