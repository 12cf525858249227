"""The FastAPI application over the services it is given."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import lru_cache
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from fastapi_swagger import patch_fastapi
from prometheus_client.registry import Collector
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import Receive, Scope, Send

from api import errors
from api.auth import Doorkeeper
from api.jobs.job_loader import Looks
from api.metrics import ApiMetrics, State
from api.middleware.http_limits import BodyLimit, Edge
from api.middleware.request_log import UNSEEN, Observing
from api.rate_limit import Rates
from api.render_pool import Rendering
from api.routes import (
    batches,
    corrections,
    exports,
    frames,
    health,
    jobs,
    keys,
    metrics,
    models,
    page,
    pictures,
    problems,
    reports,
    results,
    tus,
    uploads,
    usage,
    webhooks,
)
from shared.container import Services
from shared.domain.errors import ObjectNotFound
from shared.ports import JobFilter
from shared.settings import Settings
from shared.telemetry.collectors import Collectors

Check = Callable[[], str | None]
"""Why the service is not ready, in a sentence, or None."""

_MOST_CALLERS = 1_000
"""Whose services are kept: to make them takes longer than to look a job up."""

_EXPOSED_HEADERS = (
    "Content-Disposition",
    "ETag",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "Tus-Extension",
    "Tus-Max-Size",
    "Tus-Resumable",
    "Tus-Version",
    "Upload-Expires",
    "Upload-Length",
    "Upload-Metadata",
    "Upload-Offset",
    "WWW-Authenticate",
)
"""What scripts of foreign pages may read of an answer, besides what they always may."""

_ABOUT = """Emotion timelines for long recordings.

POST a recording to `/v1/jobs`, poll the job, read its result. Times are milliseconds from the start of the recording.
Errors are problem+json with a stable `code`."""

_FEATURES = (
    jobs,
    batches,
    results,
    corrections,
    exports,
    frames,
    pictures,
    reports,
    tus,
    uploads,
    webhooks,
    keys,
    usage,
    models,
    health,
    metrics,
    problems,
)

_TELEMETRY: TelemetryConfig = {
    "auto_configure": False,  # `shared.telemetry` does, for workers too
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "exclude": lambda scope: scope["path"] in UNSEEN,
}
"""Of FastAPI's own, the spans of requests."""


class _KnownHosts(TrustedHostMiddleware):
    """Prometheus asks for the metrics by address, under whatever name that is."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        inner = self.app if scope.get("path") == "/metrics" else super().__call__
        await inner(scope, receive, send)


def create_app(
    services: Services,
    hosts: Sequence[str],
    checks: Sequence[Check] = (),
    counted: ApiMetrics | None = None,
    others: Sequence[Collector] = (),
) -> FastAPI:
    """An application that answers to the names in `hosts` only, so that a foreign page cannot reach it by a name.

    `counted` are its metrics, and `others` are shown beside them.
    """
    counted = counted or ApiMetrics()
    rates, rendering = _rates(services.settings), Rendering()
    # The documentation page comes from here too, not from a content network: services run where there is none.
    app = FastAPI(
        title="Emoline",
        description=_ABOUT,
        version=version("emoline-service"),
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        lifespan=_closing(rates, rendering),
        telemetry=_TELEMETRY,
    )
    patch_fastapi(app, redirect_from_root_to_docs=False)
    app.state.services = services
    app.state.services_of = lru_cache(_MOST_CALLERS)(services.of)
    app.state.doorkeeper = Doorkeeper(services.api_keys)
    app.state.looks = Looks(services.reader)
    app.state.rates = rates
    app.state.rendering = rendering
    app.state.checks = [_database_check(services), _store_check(services), *checks]
    app.state.metrics = Collectors([State(services.backlog, services.clock), counted, *others])
    _add_middleware(app, services.settings, hosts, counted)
    errors.install(app)
    for feature in _FEATURES:
        app.include_router(feature.router)
    page.install(app)
    return app


def _add_middleware(app: FastAPI, settings: Settings, hosts: Sequence[str], counted: ApiMetrics) -> None:
    """Around all routes, the innermost first."""
    app.add_middleware(BodyLimit)
    app.add_middleware(tus.Protocol)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=_EXPOSED_HEADERS,
        )
    app.add_middleware(_KnownHosts, allowed_hosts=list(hosts))
    app.add_middleware(Edge)
    app.add_middleware(Observing, metrics=counted)


def _rates(settings: Settings) -> Rates | None:
    most = settings.limits.requests_per_s
    return Rates(most, settings.broker_url) if most else None


def _closing(rates: Rates | None, rendering: Rendering) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await rendering.close()
        if rates:
            await rates.close()

    return lifespan


def _database_check(services: Services) -> Check:
    def check() -> str | None:
        try:
            services.jobs.page(limit=1, after=None, wanted=JobFilter())
        except Exception:
            return "The database does not answer."
        return None

    return check


def _store_check(services: Services) -> Check:
    def check() -> str | None:
        try:
            services.object_store.locate("is/there")
        except ObjectNotFound:
            return None
        except Exception:
            return "The store does not answer."
        return None

    return check
