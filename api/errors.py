"""The one table from an error to its HTTP answer, as problem+json (RFC 9457) with a stable `code`."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from shared.domain import errors

RETRY_AFTER_S = 1
"""Seconds after which it is worth asking again for a job that runs."""

STATUS: dict[type[errors.EmolineError], HTTPStatus] = {
    errors.Unauthorized: HTTPStatus.UNAUTHORIZED,
    errors.InvalidKey: HTTPStatus.UNAUTHORIZED,
    errors.MissingScope: HTTPStatus.FORBIDDEN,
    errors.KeyNotFound: HTTPStatus.NOT_FOUND,
    errors.EndpointNotFound: HTTPStatus.NOT_FOUND,
    errors.DeliveryNotFound: HTTPStatus.NOT_FOUND,
    errors.JobNotFound: HTTPStatus.NOT_FOUND,
    errors.SegmentNotFound: HTTPStatus.NOT_FOUND,
    errors.ObjectNotFound: HTTPStatus.NOT_FOUND,
    errors.NoEmbeddings: HTTPStatus.NOT_FOUND,
    errors.NotAcceptable: HTTPStatus.NOT_ACCEPTABLE,
    errors.JobDeleted: HTTPStatus.GONE,
    errors.AudioDeleted: HTTPStatus.GONE,
    errors.ResultNotReady: HTTPStatus.CONFLICT,
    errors.NoResult: HTTPStatus.CONFLICT,
    errors.JobFinished: HTTPStatus.CONFLICT,
    errors.JobRunning: HTTPStatus.CONFLICT,
    errors.NothingToRetry: HTTPStatus.CONFLICT,
    errors.InvalidConfig: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.InvalidCursor: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.IdempotencyMismatch: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.MissingFile: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.EmptyUpload: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.MalformedUpload: HTTPStatus.BAD_REQUEST,
    errors.UploadTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.NotMedia: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.StoreUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.DatabaseUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.StorageFull: HTTPStatus.INSUFFICIENT_STORAGE,
}
_RETRY = {
    errors.ResultNotReady: RETRY_AFTER_S,
    errors.DatabaseUnavailable: 5,  # it is restarted sooner than room is made
    errors.StoreUnavailable: 60,
    errors.StorageFull: 60,
}
_EVERYWHERE: tuple[type[errors.EmolineError], ...] = (
    errors.Unauthorized,
    errors.InvalidKey,
    errors.MissingScope,
    errors.DatabaseUnavailable,
)
MEDIA_TYPE = "application/problem+json"
_TYPE = "urn:emoline:error:"


class Problem(BaseModel):
    """What every error answer looks like."""

    type: str
    title: str
    status: int
    code: str
    detail: str


def install(app: FastAPI) -> None:
    """Has `app` answer every error as a problem."""
    app.add_exception_handler(errors.EmolineError, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unknown)


def responses(*kinds: type[errors.EmolineError]) -> dict[int | str, dict[str, object]]:
    """The errors of a route, for OpenAPI, with those that are every route's."""
    codes: dict[int, list[str]] = {HTTPStatus.UNPROCESSABLE_ENTITY.value: ["invalid_request"]}
    for kind in (*kinds, *_EVERYWHERE):
        codes.setdefault(STATUS[kind].value, []).append(kind.code)
    return {
        status: {
            "description": f"{HTTPStatus(status).phrase}: {', '.join(f'`{code}`' for code in found)}",
            "content": {MEDIA_TYPE: {"schema": Problem.model_json_schema()}},
        }
        for status, found in sorted(codes.items())
    }


def _problem(status: int, code: str, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    title = HTTPStatus(status).phrase
    problem = Problem(type=f"{_TYPE}{code}", title=title, status=status, code=code, detail=detail)
    return JSONResponse(problem.model_dump(), status, headers, media_type=MEDIA_TYPE)


async def _known(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, errors.EmolineError)
    status, retry = STATUS[type(error)], _RETRY.get(type(error))
    headers = {"Retry-After": str(retry)} if retry else {}
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return _problem(status, error.code, error.message, headers)


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    detail = "; ".join(f"{'.'.join(map(str, issue['loc']))}: {issue['msg']}" for issue in error.errors())
    return _problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", f"{detail}.")


async def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = HTTPStatus(error.status_code).name.lower()
    return _problem(error.status_code, code, error.detail, dict(error.headers or {}))


async def _unknown(_: Request, error: Exception) -> JSONResponse:
    return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", "Something went wrong inside Emoline.")
