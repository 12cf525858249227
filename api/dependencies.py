"""Dependencies that routes name in their signatures.

All of them are `async`, although few wait: FastAPI hands other functions to a thread, which takes longer than the work.
It also resolves the dependencies of a dependency wherever that is named again, although it calls it once, and each
takes a twentieth of a poll: those of hot paths depend on nothing but the API key.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from inspect import isasyncgenfunction, iscoroutinefunction
from typing import TYPE_CHECKING, Annotated, get_origin

from fastapi import Depends, Header, Path, Query, Request, Security, params
from fastapi.dependencies.utils import get_flat_params
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool

from api.auth import Authenticator
from api.errors import standing_headers
from api.issue_list import shorten
from api.jobs.job_loader import JobLoader
from api.jobs.job_watch import JobWatch
from api.middleware.request_log import TENANT
from api.middleware.security_headers import EXTRA_HEADERS
from api.threads import RELEASE, ThreadShares
from shared.container import Services
from shared.domain.access import Caller, Scope
from shared.domain.errors import InvalidRequest, JobNotFound, RateLimited
from shared.domain.ids import is_id
from shared.domain.suggestions import suggestion
from shared.domain.upload_errors import UploadNotFound
from shared.services.api_keys import ApiKeys
from shared.services.uploads import Uploads

if TYPE_CHECKING:
    from api.rate_limit import RateLimiter

STILL_VALID = "emoline.still_valid"
"""Key of the request's scope with a function that tells whether the key of the request is still valid."""
_CALLER = "emoline.caller"
"""Key of the request's scope with the caller, once the request is admitted by a key."""
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


_Bearer = Annotated[HTTPAuthorizationCredentials | None, Security(HTTPBearer(auto_error=False))]
_KeyHeader = Annotated[str | None, Security(APIKeyHeader(name="X-API-Key", auto_error=False))]


async def get_caller(request: Request, bearer: _Bearer, header: _KeyHeader) -> Caller:
    """Authenticate the request, count it and check its query; responses say how many requests may still be sent.

    It is done once for a request. Raises Unauthorized, InvalidKey, MissingScope, RateLimited, InvalidRequest.
    """
    admitted: Caller | None = request.scope.get(_CALLER)
    if admitted is not None:
        return admitted
    authenticator: Authenticator = request.app.state.authenticator
    secret = bearer.credentials if bearer else header
    caller = await authenticator.authenticate(secret)
    request.scope[STILL_VALID] = partial(authenticator.is_valid, secret)
    # Not by a ticket: what wants a key must not take one for it.
    request.scope[_CALLER] = await _admit(request, caller)
    return caller


async def get_listener(
    request: Request,
    bearer: _Bearer,
    header: _KeyHeader,
    ticket: Annotated[
        str | None, Query(max_length=256, description="In place of a key, for players: of `/audio/link`.")
    ] = None,
) -> Caller:
    """As `get_caller`, also by a ticket: a player sends no key."""
    if ticket is None:
        return await get_caller(request, bearer, header)
    services: Services = request.app.state.services
    job_id = request.path_params["job_id"]
    return await _admit(request, await run_in_threadpool(services.api_keys.caller_of_ticket, ticket, job_id))


async def _admit(request: Request, caller: Caller) -> Caller:
    """Count the request of a caller and check its query. Raises MissingScope, RateLimited, InvalidRequest."""
    request.scope[TENANT] = caller.tenant
    caller.check_job(request.path_params.get("job_id"))
    rate_limiter: RateLimiter | None = request.app.state.rate_limiter
    count = await rate_limiter.count(caller.tenant) if rate_limiter else None
    if count:
        within_limit, standing = count
        headers = standing_headers(standing)
        request.scope[EXTRA_HEADERS] = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        if not within_limit:
            raise RateLimited
    _check_query(request)
    if not is_coroutine(request.scope["route"].endpoint):
        shares: ThreadShares = request.app.state.thread_shares
        request.scope[RELEASE] = await shares.take(caller.tenant)
    return caller


@lru_cache
def is_coroutine(endpoint: Callable[..., object]) -> bool:
    """Whether a route is a coroutine, or a generator of one: the others have a thread each."""
    return iscoroutinefunction(endpoint) or isasyncgenfunction(endpoint)


def _check_query(request: Request) -> None:
    """Check that the query has only parameters of the route, each at most once but for lists. Raises InvalidRequest."""
    names = [name for name, _ in request.query_params.multi_items()]
    if not names:
        return
    fields = get_flat_params(request.scope["route"].dependant)
    known = {field.alias: field for field in fields if isinstance(field.field_info, params.Query)}
    for name in names:
        if name not in known:
            name = shorten(name)
            raise InvalidRequest(f"query: there is no parameter `{name}` here; {suggestion(name, known)}.")
        if names.count(name) > 1 and get_origin(known[name].field_info.annotation) is not list:
            raise InvalidRequest(f"query: the parameter `{name}` is there more than once.")


async def get_services(request: Request, bearer: _Bearer, header: _KeyHeader) -> Services:
    """The services of the caller's tenant, to read or to change as the request's method says.

    Raises as `get_caller`.
    """
    caller = await get_caller(request, bearer, header)
    caller.check([Scope.READ if request.method in _SAFE_METHODS else Scope.WRITE])
    return _tenant_services(request, caller)


async def get_listener_services(request: Request, caller: Annotated[Caller, Depends(get_listener)]) -> Services:
    """The services of the tenant whose recording is listened to. Raises MissingScope."""
    caller.check([Scope.READ])
    return _tenant_services(request, caller)


def _tenant_services(request: Request, caller: Caller) -> Services:
    services_of: Callable[[str, str | None], Services] = request.app.state.services_of
    return services_of(caller.tenant, caller.key_id)


async def get_api_keys(request: Request, caller: Annotated[Caller, Depends(get_caller)]) -> ApiKeys:
    """The service that manages API keys, for callers with the scope for it. Raises MissingScope."""
    caller.check([Scope.KEYS])
    services: Services = request.app.state.services
    return services.api_keys


_JobIdInPath = Annotated[
    str, Path(description="A job's id, `job_<uuid7>`.", examples=["job_019aab3e-7c1f-7d10-9d0e-0d2a3f1b5c77"])
]


async def get_job_id(job_id: _JobIdInPath) -> str:
    """The id of a job in the path. Raises JobNotFound if it cannot be one."""
    if not is_id("job", job_id):
        raise JobNotFound
    return job_id


async def get_uploads(request: Request, caller: Annotated[Caller, Depends(get_caller)]) -> Uploads:
    """The uploads of the caller's tenant. To read one is to learn where to write, so it needs the scope for writing."""
    caller.check([Scope.WRITE])
    return _tenant_services(request, caller).uploads


async def get_upload_id(
    upload_id: Annotated[
        str, Path(description="An upload's id, `upl_<uuid7>`.", examples=["upl_019aab3e-7c1f-7d10-9d0e-0d2a3f1b5c77"])
    ],
) -> str:
    """The id of an upload in the path. Raises UploadNotFound if it cannot be one."""
    if not is_id("upl", upload_id):
        raise UploadNotFound
    return upload_id


ServicesDep = Annotated[Services, Depends(get_services)]
ListenerServicesDep = Annotated[Services, Depends(get_listener_services)]
UploadsDep = Annotated[Uploads, Depends(get_uploads)]
UploadId = Annotated[str, Depends(get_upload_id)]
JobId = Annotated[str, Depends(get_job_id)]
SegmentIndex = Annotated[int, Path(ge=0, le=10**9)]


async def get_job_watch(request: Request, job_id: _JobIdInPath, bearer: _Bearer, header: _KeyHeader) -> JobWatch:
    """A watch over the job in the path. Raises as `get_services`, and JobNotFound."""
    services = await get_services(request, bearer, header)
    job_loader: JobLoader = request.app.state.job_loader
    return JobWatch(await get_job_id(job_id), job_loader, services, request.scope[TENANT], request.scope[STILL_VALID])


JobWatchDep = Annotated[JobWatch, Depends(get_job_watch)]
CallerDep = Annotated[Caller, Depends(get_caller)]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="Of the client's making: the same key and the same recording give the same job.",
    ),
]
ApiKeysDep = Annotated[ApiKeys, Depends(get_api_keys)]
