"""Watching a job: until it has changed, or event by event."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from pydantic import TypeAdapter

from api.jobs.job_loader import JobLoader
from shared.container import Services
from shared.services.job_reader import JobView

_POLL_EVERY_S = 0.5
_VIEW = TypeAdapter(JobView)


@dataclass(frozen=True, slots=True)
class JobWatch:
    """A watch over a job of a tenant with its `services`. All methods raise JobNotFound or JobDeleted.

    `still_valid` tells whether the API key is one that may watch.
    """

    job_id: str
    loader: JobLoader
    services: Services
    tenant: str
    still_valid: Callable[[], Awaitable[bool]]

    async def current(self) -> JobView:
        """Load the job as it is now."""
        return await self.loader.load(self.job_id, self.services, self.tenant)

    async def wait(self, timeout_s: float, known_version: str | None) -> JobView:
        """Return the job when its version is not `known_version`, when it has ended, or at last after `timeout_s`.

        Without a known version only the end of the job counts.
        """
        view = await self.current()
        deadline = asyncio.get_running_loop().time() + timeout_s
        while (
            asyncio.get_running_loop().time() < deadline
            and not view.job.state.terminal
            and known_version in (None, job_version(view))
        ):
            await asyncio.sleep(_POLL_EVERY_S)
            view = await self.current()
        return view

    async def events(self, view: JobView, known_version: str | None) -> AsyncIterator[JobView]:
        """Yield the job, from `view` on, whenever it has changed, at most twice a second, until it has ended.

        It ends before where the API key was revoked.
        """
        while not view.job.state.terminal:
            if job_version(view) != known_version:
                yield view
                known_version = job_version(view)
            await asyncio.sleep(_POLL_EVERY_S)
            if not await self.still_valid():
                return
            view = await self.current()
        yield view


def job_version(view: JobView) -> str:
    """A hash over everything about the job except the time that passes."""
    return hashlib.blake2b(_VIEW.dump_json(view), digest_size=12).hexdigest()
