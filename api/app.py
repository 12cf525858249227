"""The FastAPI application, composed from services, middleware and routes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache, partial

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from fastapi_swagger import patch_fastapi
from prometheus_client.registry import Collector
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware

from api import errors
from api.auth import Authenticator
from api.content_negotiation import NPZ
from api.jobs.job_loader import JobLoader
from api.metrics import ApiMetrics, BacklogMetrics, DiskMetrics
from api.middleware.body_limit import BodyLimit
from api.middleware.content_encoding import PlainBodies
from api.middleware.cross_site import OwnPages
from api.middleware.known_hosts import KnownHosts
from api.middleware.overload import LoopDelay, Overload
from api.middleware.problem_responses import ProblemResponses
from api.middleware.request_log import UNLOGGED_PATHS, RequestLog
from api.middleware.security_headers import SecurityHeaders
from api.middleware.thread_places import ThreadPlaces
from api.middleware.tus_protocol import TusProtocol
from api.readiness import ReadinessCheck, check_database, check_object_store
from api.render_pool import RenderPool
from api.routes import (
    batches,
    corrections,
    exports,
    frames,
    health,
    insights,
    jobs,
    keys,
    metrics,
    models,
    page,
    pictures,
    playback,
    problems,
    records,
    reports,
    results,
    shares,
    speakers,
    tus,
    uploads,
    usage,
    webhooks,
)
from api.threads import QuickThreads, ThreadShares
from exports.formats import WRITERS, ExportFormat
from shared.container import Services, build_services
from shared.ports import Queue
from shared.settings import Settings
from shared.telemetry.collectors import Collectors
from shared.version import VERSION

_MAX_CALLERS = 1_000
"""Size of the cache of services by caller: to build them takes longer than to load a job."""

_COMPRESSED_FROM = 64 * 1024
"""Bytes of the least response that is compressed: a small one takes as long either way."""

_COMPRESSED_TYPES = (NPZ, WRITERS[ExportFormat.PARQUET].media_type, "application/pdf")
"""Media types that compress their content themselves, besides those that Starlette knows."""

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
"""Response headers that scripts of foreign pages may read, besides those that they always may."""

_DESCRIPTION = """Emotion timelines for long recordings.

POST a recording to `/v1/jobs`, poll the job, read its result. Times are milliseconds from the start of the recording.
Errors are problem+json with a stable `code`, all of them at [/errors](/errors).

Guides are in `docs/` of the repository: your first timeline, fetch results, find calls, webhooks, exports, generate a
client. What a person does on [the page](/), the page does by these operations."""

_TAGS = [
    {"name": "jobs", "description": "A job is the analysis of one recording: submit, follow, find, retry, delete."},
    {"name": "insights", "description": "Many calls counted together, by day, week, role or metadata."},
    {
        "name": "results",
        "description": "Of one job: timeline, segments, scores, sound, files, corrections, links.",
    },
    {"name": "uploads", "description": "Recordings in parts, or over tus, for large files and connections that break."},
    {"name": "webhooks", "description": "Receivers of events, and what was sent to them."},
    {"name": "keys", "description": "API keys of tenants."},
    {"name": "usage", "description": "What a tenant has used, and its quotas."},
    {"name": "records", "description": "What was analysed and why, and proof of deletion."},
    {"name": "models", "description": "The models that this service has run."},
    {"name": "health", "description": "For monitoring."},
]

_ROUTES = (
    jobs,
    insights,
    batches,
    results,
    playback,
    shares,
    speakers,
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
    records,
    models,
    health,
    metrics,
    problems,
)

_TELEMETRY: TelemetryConfig = {
    "auto_configure": False,  # `shared.telemetry` configures it, for workers too
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "exclude": lambda scope: scope["path"] in UNLOGGED_PATHS,
}
"""FastAPI's own telemetry is limited to the spans of requests."""


def create_app(
    services: Services,
    hosts: Sequence[str],
    checks: Sequence[ReadinessCheck] = (),
    api_metrics: ApiMetrics | None = None,
    collectors: Sequence[Collector] = (),
    missing_workers: Callable[[], Collection[Queue]] = tuple,
) -> FastAPI:
    """Compose an application that answers only to the names in `hosts`: no foreign page can reach it by another name.

    `checks` are tried by `/readyz` after those of the database and the object store. `/metrics` shows `api_metrics`,
    the backlog's and those of `collectors`. `missing_workers` returns the kinds of workers of which none answers.
    """
    settings, api_metrics = services.settings, api_metrics or ApiMetrics()
    requests_per_s = settings.limits.requests_per_s
    rate_limiter = None
    if requests_per_s:
        from api.rate_limit import RateLimiter  # its Redis client takes a tenth of the start of a service

        rate_limiter = RateLimiter(requests_per_s, settings.broker_url)
    render_pool, loop_delay = RenderPool(), LoopDelay()

    @asynccontextmanager
    async def close_with_app(_: FastAPI) -> AsyncIterator[None]:
        async with loop_delay.measured():
            yield
        await render_pool.close()
        if rate_limiter:
            await rate_limiter.close()

    app = FastAPI(
        title="Emoline",
        description=_DESCRIPTION,
        version=VERSION,
        openapi_tags=_TAGS,
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        lifespan=close_with_app,
        # The names of the operations, and so of the functions of generated clients.
        generate_unique_id_function=lambda route: route.name,
        telemetry=_TELEMETRY,
    )
    # Serves the documentation page from here instead of a content network: services run where there is none.
    patch_fastapi(app, redirect_from_root_to_docs=False)
    app.state.services = services
    app.state.services_of = lru_cache(_MAX_CALLERS)(partial(build_services, services.ports))
    quick_threads, app.state.health_threads, app.state.thread_shares = QuickThreads(), QuickThreads(), ThreadShares()
    app.state.authenticator = Authenticator(services.api_keys, quick_threads)
    app.state.rate_limiter = rate_limiter
    app.state.job_loader = JobLoader(services.reader, quick_threads, missing_workers)
    app.state.missing_workers = missing_workers
    app.state.render_pool = render_pool
    app.state.checks = [partial(check_database, services), partial(check_object_store, services), *checks]
    disks = [DiskMetrics(settings.data_dir)] if settings.keeps_data_in_folder else []
    backlog = BacklogMetrics(services.ports.backlog, services.clock)
    app.state.metrics = Collectors([backlog, *disks, api_metrics, *collectors])
    _add_middleware(app, settings, hosts, api_metrics, loop_delay)
    errors.install(app)
    for routes in _ROUTES:
        app.include_router(routes.router)
    page.install(app)
    return app


def _add_middleware(
    app: FastAPI, settings: Settings, hosts: Sequence[str], api_metrics: ApiMetrics, loop_delay: LoopDelay
) -> None:
    """Wrap all routes in middleware, the innermost first."""
    app.add_middleware(
        GZipMiddleware,
        minimum_size=_COMPRESSED_FROM,
        compresslevel=1,  # a fifth of the size already; the default takes five times as long for a tenth less
        exclude_content_types=(*DEFAULT_EXCLUDED_CONTENT_TYPES, *_COMPRESSED_TYPES),
    )
    app.add_middleware(ThreadPlaces)
    app.add_middleware(BodyLimit)
    app.add_middleware(PlainBodies)
    app.add_middleware(OwnPages, allowed_origins=settings.cors_origins)
    app.add_middleware(TusProtocol)
    app.add_middleware(Overload, delay=loop_delay)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=_EXPOSED_HEADERS,
        )
    app.add_middleware(KnownHosts, allowed_hosts=list(hosts))
    app.add_middleware(ProblemResponses)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestLog, metrics=api_metrics)
