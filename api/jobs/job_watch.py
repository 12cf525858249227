"""Following a job: until it has changed, or event by event."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from pydantic import TypeAdapter

from api.jobs.job_loader import Looks
from shared.container import Services
from shared.services.job_reader import JobView

_EVERY_S = 0.5
_VIEW = TypeAdapter(JobView)


@dataclass(frozen=True, slots=True)
class Following:
    """A job of a tenant, whose services these are. All raise JobNotFound or JobDeleted."""

    job_id: str
    looks: Looks
    services: Services
    tenant: str

    async def now(self) -> JobView:
        return await self.looks.job(self.job_id, self.services, self.tenant)

    async def within(self, wait_s: float, known: str | None) -> JobView:
        """The job when it differs from the version `known`, or without one has ended; at last after `wait_s`."""
        view = await self.now()
        deadline = asyncio.get_running_loop().time() + wait_s
        while asyncio.get_running_loop().time() < deadline and _worth_waiting(view, known):
            await asyncio.sleep(_EVERY_S)
            view = await self.now()
        return view

    async def events(self, view: JobView, known: str | None) -> AsyncIterator[JobView]:
        """The job from `view` on whenever it has changed, twice a second at most, until it has ended."""
        while not view.job.state.terminal:
            if version(view) != known:
                yield view
                known = version(view)
            await asyncio.sleep(_EVERY_S)
            view = await self.now()
        yield view


def version(view: JobView) -> str:
    """What differs when anything about the job does, but for the time that passes."""
    return hashlib.blake2b(_VIEW.dump_json(view), digest_size=12).hexdigest()


def _worth_waiting(view: JobView, known: str | None) -> bool:
    return not view.job.state.terminal and known in (None, version(view))
