"""The composition root of what every process needs: ports and use cases, built once and closed together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from shared.adapters.clock import SystemClock
from shared.adapters.objects_local import LocalObjectStore
from shared.adapters.wake_local import LocalWakeUps
from shared.db.engine import migrate, open_engine
from shared.db.jobs import SqlJobStore
from shared.ports import Clock, JobStore, ObjectStore
from shared.services.end import End
from shared.services.frames import Frames
from shared.services.read import Read
from shared.services.submit import Submit
from shared.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """The ports, and the use cases over them."""

    settings: Settings
    jobs: JobStore
    objects: ObjectStore
    wake_ups: LocalWakeUps
    clock: Clock
    submit: Submit
    read: Read
    frames: Frames
    end: End


@contextmanager
def open_services(settings: Settings) -> Iterator[Services]:
    """Everything connected and the schema up to date; disconnected when the context is left."""
    engine = open_engine(settings.resolved_database_url())
    try:
        migrate(engine)
        clock = SystemClock()
        jobs = SqlJobStore(engine, clock, settings.lease_s)
        objects = LocalObjectStore(settings.objects_dir)
        wake_ups = LocalWakeUps()
        yield Services(
            settings=settings,
            jobs=jobs,
            objects=objects,
            wake_ups=wake_ups,
            clock=clock,
            submit=Submit(jobs, objects, wake_ups, clock, settings.max_upload_bytes),
            read=Read(jobs, objects),
            frames=Frames(jobs, objects),
            end=End(jobs, objects, clock, settings.lease_s),
        )
    finally:
        engine.dispose()
