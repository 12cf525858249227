"""HTTP answers for errors: problem+json (RFC 9457) with a stable `code`, its status by the category of the error."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from api.issue_list import join_issues
from shared.domain import errors, playback_errors, upload_errors
from shared.domain.limits import Standing
from shared.schemas.problem import Problem

RETRY_AFTER_S = 1
"""Seconds after which it is worth asking again for a job that runs."""

_CATEGORY_STATUS: dict[type[errors.EmolineError], HTTPStatus] = {
    errors.Malformed: HTTPStatus.BAD_REQUEST,
    errors.Unauthenticated: HTTPStatus.UNAUTHORIZED,
    errors.MissingScope: HTTPStatus.FORBIDDEN,
    errors.CrossSite: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.NotAcceptable: HTTPStatus.NOT_ACCEPTABLE,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.Gone: HTTPStatus.GONE,
    upload_errors.TusVersion: HTTPStatus.PRECONDITION_FAILED,
    errors.TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.UnsupportedType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.LimitReached: HTTPStatus.TOO_MANY_REQUESTS,
    errors.QueueFull: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.Outage: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.Overloaded: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.ObjectDamaged: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.StorageFull: HTTPStatus.INSUFFICIENT_STORAGE,
}
"""Statuses of the categories of errors, and of single errors that have one of their own."""

STATUS: dict[type[errors.EmolineError], HTTPStatus] = {
    kind: next(_CATEGORY_STATUS[base] for base in kind.__mro__ if base in _CATEGORY_STATUS)
    for kind in (vars(errors) | vars(upload_errors) | vars(playback_errors)).values()
    if isinstance(kind, type) and "code" in vars(kind) and any(base in _CATEGORY_STATUS for base in kind.__mro__)
}
"""The status of every error that a client can meet. Errors without a category stay inside the service."""
GENERAL: dict[HTTPStatus, tuple[str, str]] = {
    HTTPStatus.BAD_REQUEST: ("bad_request", "The request is not one that this service understands."),
    HTTPStatus.NOT_FOUND: ("not_found", "There is nothing at this path."),
    HTTPStatus.METHOD_NOT_ALLOWED: ("method_not_allowed", "This path has other methods, which `Allow` names."),
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE: ("range_not_satisfiable", "There is nothing in this range."),
    HTTPStatus.UNPROCESSABLE_ENTITY: (errors.InvalidRequest.code, str(errors.InvalidRequest.__doc__)),
    HTTPStatus.INTERNAL_SERVER_ERROR: ("internal_error", "Something went wrong inside Emoline."),
}
"""Codes and sentences of errors without a class of this service: raised by the framework, or unforeseen."""

RETRY: dict[type[errors.EmolineError], int] = {
    errors.ResultNotReady: RETRY_AFTER_S,
    playback_errors.AudioCopyPending: 2,
    errors.RateLimited: 1,
    errors.TooManyPictures: 10,
    errors.TooManyOpenJobs: 10,  # the shortest jobs have ended by then
    errors.QuotaExceeded: 3600,  # unless the quota's standing has the seconds until midnight
    errors.QueueFull: 30,
    upload_errors.UploadBusy: 5,  # a large recording is put together in a minute or two
    errors.Overloaded: 2,
    errors.DatabaseUnavailable: 5,  # a restart takes seconds, making room takes longer
    errors.StoreUnavailable: 60,
    errors.StorageFull: 60,
}
_EVERYWHERE: tuple[type[errors.EmolineError], ...] = (
    errors.Unauthorized,
    errors.InvalidKey,
    errors.MissingScope,
    errors.RateLimited,
    errors.DatabaseUnavailable,
    errors.Overloaded,
)
MEDIA_TYPE = "application/problem+json"
ERRORS_PATH = "/errors"
"""Path of the page that explains all codes, each at a fragment of its name: the `type` of problems."""
_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")


def install(app: FastAPI) -> None:
    """Let `app` answer every error as a problem."""
    app.add_exception_handler(errors.EmolineError, _answer_service_error)
    app.add_exception_handler(RequestValidationError, _answer_invalid_request)
    app.add_exception_handler(HTTPException, _answer_http_error)


def responses(*kinds: type[errors.EmolineError]) -> dict[int | str, dict[str, object]]:
    """Describe the errors of a route for OpenAPI, with the errors that every route may answer with."""
    codes: dict[int, list[str]] = {HTTPStatus.UNPROCESSABLE_ENTITY.value: ["invalid_request"]}
    for kind in (*kinds, *_EVERYWHERE):
        codes.setdefault(STATUS[kind].value, []).append(kind.code)
    return {
        status: {
            "description": f"{HTTPStatus(status).phrase}: {', '.join(f'`{code}`' for code in status_codes)}",
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, status_codes in sorted(codes.items())
    }


def problem(
    status: int, code: str | None = None, detail: str | None = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Answer with a problem. Code and sentence are by default the general ones of the status."""
    general_code, sentence = GENERAL.get(HTTPStatus(status)) or GENERAL[HTTPStatus.BAD_REQUEST]
    document = problem_document(status, code or general_code, detail or sentence)
    return JSONResponse(document.model_dump(), status, headers, media_type=MEDIA_TYPE)


def problem_document(status: int, code: str, detail: str) -> Problem:
    """Make the document that describes an error."""
    title = HTTPStatus(status).phrase
    return Problem(type=f"{ERRORS_PATH}#{code}", title=title, status=status, code=code, detail=detail)


def error_document(error: errors.EmolineError) -> Problem:
    """Make the document that describes an error of this service."""
    return problem_document(STATUS[type(error)], error.code, error.message)


def standing_headers(standing: Standing) -> dict[str, str]:
    """Write the rest of a quota as the headers of draft-ietf-httpapi-ratelimit-headers."""
    unit = "" if standing.unit == "requests" else f';qu="{standing.unit}"'
    window = "" if standing.window_s is None else f";w={standing.window_s}"
    headers = {"RateLimit-Policy": f'"{standing.name}";q={standing.quota}{window}{unit}'}
    reset = "" if standing.reset_s is None else f";t={standing.reset_s}"
    return headers | {"RateLimit": f'"{standing.name}";r={standing.remaining}{reset}'}


def problem_of(error: errors.EmolineError) -> JSONResponse:
    """Answer an error of this service, with the headers that belong to it."""
    status, retry_after_s = STATUS[type(error)], RETRY.get(type(error))
    headers: dict[str, str] = {}
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, errors.LimitReached) and error.standing:
        headers |= standing_headers(error.standing)
        retry_after_s = error.standing.reset_s or retry_after_s
    if retry_after_s:
        headers["Retry-After"] = str(retry_after_s)
    return problem(status, error.code, error.message, headers)


async def _answer_service_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, errors.EmolineError)
    return problem_of(error)


async def _answer_invalid_request(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    issues = error.errors()
    named = (
        ("body", issue["ctx"]["error"])
        if issue["type"] == "json_invalid"
        else (".".join(map(str, issue["loc"])), issue["msg"].removeprefix("Value error, "))
        for issue in issues
    )
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail=f"{join_issues(named, len(issues))}.")


async def _answer_http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        # Starlette names only the methods of the first route at the path.
        routes, scopes = request.app.routes, ({**request.scope, "method": method} for method in _METHODS)
        headers["Allow"] = ", ".join(
            scope["method"] for scope in scopes if any(route.matches(scope)[0] is Match.FULL for route in routes)
        )
    return problem(error.status_code, headers=headers)
