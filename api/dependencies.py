"""What routes ask for in their signatures.

`async`, though nothing here waits: FastAPI hands what is not to a thread, which takes longer than to do it. It also
works through what a dependency asks for wherever that is named again, though it calls it once: a hot path names each
once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Header, Path, Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from api.auth import Doorkeeper
from api.errors import standing_headers
from api.jobs.job_loader import Looks
from api.jobs.job_watch import Following
from api.middleware.http_limits import ADDED
from api.middleware.request_log import TENANT
from api.rate_limit import Rates
from shared.container import Services
from shared.domain.access import Caller, Scope
from shared.domain.errors import JobNotFound, RateLimited, UploadNotFound
from shared.domain.ids import is_id
from shared.services.api_keys import ApiKeys
from shared.services.uploads import Uploads

_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


async def _caller(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(HTTPBearer(auto_error=False))],
    header: Annotated[str | None, Security(APIKeyHeader(name="X-API-Key", auto_error=False))],
) -> Caller:
    doorkeeper: Doorkeeper = request.app.state.doorkeeper
    caller = await doorkeeper.caller(bearer.credentials if bearer else header)
    request.scope[TENANT] = caller.tenant
    rates: Rates | None = request.app.state.rates
    if rates:
        await _count(request, rates, caller)
    return caller


async def _count(request: Request, rates: Rates, caller: Caller) -> None:
    """Has every answer to this tenant say how many requests it may still send. Raises RateLimited."""
    counted = await rates.count(caller.tenant)
    if counted:
        within, standing = counted
        headers = standing_headers(standing)
        request.scope[ADDED] = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        if not within:
            raise RateLimited


async def _services(request: Request, caller: Annotated[Caller, Depends(_caller)]) -> Services:
    """What the caller may use: the jobs of its tenant, to read or to change as the request's method says."""
    caller.check([Scope.READ if request.method in _SAFE_METHODS else Scope.WRITE])
    return _own(request, caller)


def _own(request: Request, caller: Caller) -> Services:
    services_of: Callable[[str, str | None], Services] = request.app.state.services_of
    return services_of(caller.tenant, caller.key_id)


async def _access(request: Request, caller: Annotated[Caller, Depends(_caller)]) -> ApiKeys:
    caller.check([Scope.KEYS])
    services: Services = request.app.state.services
    return services.api_keys


async def _job_id(
    job_id: Annotated[
        str, Path(description="A job's id, `job_<uuid7>`.", examples=["job_019aab3e-7c1f-7d10-9d0e-0d2a3f1b5c77"])
    ],
) -> str:
    if not is_id("job", job_id):
        raise JobNotFound
    return job_id


async def _uploads(request: Request, caller: Annotated[Caller, Depends(_caller)]) -> Uploads:
    """The uploads of the caller's tenant. To look at one tells where to write, so that takes what writing takes."""
    caller.check([Scope.WRITE])
    return _own(request, caller).uploads


async def _upload_id(
    upload_id: Annotated[
        str, Path(description="An upload's id, `upl_<uuid7>`.", examples=["upl_019aab3e-7c1f-7d10-9d0e-0d2a3f1b5c77"])
    ],
) -> str:
    if not is_id("upl", upload_id):
        raise UploadNotFound
    return upload_id


ServicesDep = Annotated[Services, Depends(_services)]
UploadsDep = Annotated[Uploads, Depends(_uploads)]
UploadId = Annotated[str, Depends(_upload_id)]
JobId = Annotated[str, Depends(_job_id)]
SegmentIndex = Annotated[int, Path(ge=0, le=10**9)]


async def _following(request: Request, job_id: JobId, services: ServicesDep) -> Following:
    looks: Looks = request.app.state.looks
    return Following(job_id, looks, services, request.scope[TENANT])


FollowingDep = Annotated[Following, Depends(_following)]
CallerDep = Annotated[Caller, Depends(_caller)]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="Of the client's making: the same key and the same recording give the same job.",
    ),
]
AccessDep = Annotated[ApiKeys, Depends(_access)]
