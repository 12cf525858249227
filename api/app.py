"""The FastAPI application over the services it is given."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from fastapi_swagger import patch_fastapi
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from api import errors
from api.access import Doorkeeper
from api.edge import BodyLimit, Edge
from api.looks import Looks
from api.rates import Rates
from api.routes import batches, frames, health, jobs, keys, problems, results, tus, uploads, usage, webhooks
from shared.container import Services
from shared.domain.errors import ObjectNotFound
from shared.ports import JobFilter
from shared.settings import Settings

Check = Callable[[], str | None]
"""Why the service is not ready, in a sentence, or None."""

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


def create_app(services: Services, hosts: Sequence[str], checks: Sequence[Check] = ()) -> FastAPI:
    """An application that answers to the names in `hosts` only, so that a foreign page cannot reach it by a name."""
    rates = _rates(services.settings)
    # The documentation page comes from here too, not from a content network: services run where there is none.
    app = FastAPI(
        title="Emoline",
        description=_ABOUT,
        version=version("emoline"),
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        lifespan=_closing(rates),
    )
    patch_fastapi(app)
    app.state.services = services
    app.state.doorkeeper = Doorkeeper(services.access)
    app.state.looks = Looks(services.read)
    app.state.rates = rates
    app.state.checks = [_database_check(services), _store_check(services), *checks]
    _add_middleware(app, services.settings, hosts)
    errors.install(app)
    for feature in (jobs, batches, results, frames, tus, uploads, webhooks, keys, usage, health, problems):
        app.include_router(feature.router)
    return app


def _add_middleware(app: FastAPI, settings: Settings, hosts: Sequence[str]) -> None:
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
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))
    app.add_middleware(Edge)


def _rates(settings: Settings) -> Rates | None:
    most = settings.limits.requests_per_s
    return Rates(most, settings.broker_url) if most else None


def _closing(rates: Rates | None) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
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
            services.objects.locate("is/there")
        except ObjectNotFound:
            return None
        except Exception:
            return "The store does not answer."
        return None

    return check
