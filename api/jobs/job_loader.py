"""Loading jobs for many requests at once."""

from __future__ import annotations

import asyncio
from asyncio import Task
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from api.threads import QuickThreads
from shared.container import Services
from shared.ports import Queue
from shared.services.job_reader import JobReader, JobView

_GATHER_S = 0.03
"""Seconds in which a batch gathers requests: too few to be noticed by a client that polls. At 150 polls a second, a
third as many queries are made as with 0.01, each of which takes as long as one or two polls."""


@dataclass(slots=True)
class _Batch:
    """Jobs that one query loads for all requests that came since the last query."""

    job_ids: set[str] = field(default_factory=set)
    query: Task[Mapping[str, JobView]] | None = None


class JobLoader:
    """Loads jobs by one query after the other, each for all requests that came meanwhile.

    A thread and a query take several times longer than the rest of a response, and as long for one job as for fifty.
    Each view says which of the missing workers the job waits for.
    """

    def __init__(
        self, reader: JobReader, threads: QuickThreads, missing_workers: Callable[[], Collection[Queue]] = tuple
    ) -> None:
        self._missing_workers = missing_workers
        self._reader = reader
        self._threads = threads
        self._next_batch = _Batch()
        self._one_at_a_time = asyncio.Lock()

    async def load(self, job_id: str, services: Services, tenant: str) -> JobView:
        """Load a job of the tenant with its `services`. Raises JobNotFound or JobDeleted."""
        batch = self._next_batch
        batch.job_ids.add(job_id)
        if batch.query is None:
            batch.query = asyncio.create_task(self._query(batch))
        views = await asyncio.shield(batch.query)
        view = views.get(job_id)
        if view is None or view.job.tenant != tenant:
            view = await self._threads.run(services.reader.job, job_id)
        return view if view.job.state.terminal else view.where_missing(self._missing_workers())

    async def _query(self, batch: _Batch) -> Mapping[str, JobView]:
        async with self._one_at_a_time:
            await asyncio.sleep(_GATHER_S)
            self._next_batch = _Batch()
            return await self._threads.run(self._reader.jobs_by_id, batch.job_ids)
