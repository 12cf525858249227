"""Checks of whether the service is ready for work."""

from __future__ import annotations

from collections.abc import Callable

from shared.container import Services
from shared.domain.errors import StorageFull
from shared.ports import JobFilter

ReadinessCheck = Callable[[], str | None]
"""Returns the reason why the service is not ready, as a sentence, or None."""


def check_database(services: Services) -> str | None:
    """Return a sentence if the database does not answer, else None."""
    try:
        services.jobs.page(limit=1, after=None, job_filter=JobFilter())
    except Exception:
        return "The database does not answer."
    return None


def check_object_store(services: Services) -> str | None:
    """Return a sentence if the object store takes no objects, else None."""
    try:
        services.object_store.check()
    except StorageFull:
        return "The store has no room left."
    except Exception:
        return "The store does not answer as it should."
    return None
