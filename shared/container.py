"""The composition root of what every process needs: ports and use cases, built once and closed together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Self

from shared.adapters.clock import SystemClock
from shared.adapters.objects_local import LocalObjectStore
from shared.db.backlog import SqlBacklog
from shared.db.endpoints import SqlEndpointStore
from shared.db.engine import open_engine
from shared.db.jobs import SqlJobStore
from shared.db.keys import SqlKeyStore
from shared.db.models import SqlModelStore
from shared.db.schema import ensure_schema
from shared.db.uploads import SqlUploadStore
from shared.db.usage import SqlUsageStore
from shared.db.webhooks import SqlWebhookStore
from shared.ports import Backlog, Clock, JobStore, ModelStore, ObjectStore, WakeUps, WebhookStore
from shared.services.access import Access
from shared.services.correct import Correct
from shared.services.end import End
from shared.services.endpoints import Endpoints
from shared.services.frames import Frames
from shared.services.read import Read
from shared.services.retry import Retry
from shared.services.submit import Submit
from shared.services.sweep import Sweep
from shared.services.uploads import Uploads
from shared.services.usage import UsageReport
from shared.services.waveforms import Waveforms
from shared.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """The ports, and the use cases over them."""

    settings: Settings
    jobs: JobStore
    webhooks: WebhookStore
    backlog: Backlog
    models: ModelStore
    objects: ObjectStore
    wake_ups: WakeUps
    clock: Clock
    access: Access
    endpoints: Endpoints
    submit: Submit
    uploads: Uploads
    read: Read
    frames: Frames
    waveforms: Waveforms
    correct: Correct
    end: End
    retry: Retry
    sweep: Sweep
    usage: UsageReport

    def of(self, tenant: str, key_id: str | None = None) -> Self:
        """The same for who may see and make the jobs of one tenant only, with one of its keys."""
        jobs, endpoints = self.jobs.of(tenant), replace(self.endpoints, tenant=tenant)
        submit = replace(self.submit, jobs=jobs, endpoints=endpoints, tenant=tenant, key_id=key_id)
        return replace(
            self,
            jobs=jobs,
            submit=submit,
            uploads=replace(self.uploads, submission=submit),
            read=replace(self.read, jobs=jobs),
            frames=replace(self.frames, jobs=jobs),
            waveforms=replace(self.waveforms, jobs=jobs),
            correct=replace(self.correct, jobs=jobs, key_id=key_id),
            end=replace(self.end, jobs=jobs),
            retry=replace(self.retry, jobs=jobs),
            endpoints=endpoints,
            usage=replace(self.usage, tenant=tenant),
        )


@contextmanager
def open_services(settings: Settings, wake_ups: WakeUps) -> Iterator[Services]:
    """Everything connected and the schema up to date; disconnected when the context is left.

    `wake_ups` are of the process's kind: it has workers of its own, or a broker to those of others.

    Raises:
        DatabaseUnusable: it cannot be reached, or its schema is another.
        StoreUnavailable: the store that the settings name cannot be used.
    """
    engine = open_engine(settings.resolved_database_url())
    try:
        ensure_schema(engine)
        clock = SystemClock()
        jobs = SqlJobStore(engine, clock, settings.lease_s)
        endpoints = Endpoints(SqlEndpointStore(engine, clock), wake_ups, clock)
        uploads = SqlUploadStore(engine, clock)
        with _object_store(settings) as objects:
            submit = Submit(jobs, objects, endpoints, wake_ups, clock, settings.max_upload_bytes, settings.limits)
            yield Services(
                settings=settings,
                jobs=jobs,
                webhooks=SqlWebhookStore(engine, clock),
                backlog=SqlBacklog(engine, clock),
                models=SqlModelStore(engine, clock),
                objects=objects,
                wake_ups=wake_ups,
                clock=clock,
                access=Access(SqlKeyStore(engine), clock),
                endpoints=endpoints,
                submit=submit,
                uploads=Uploads(uploads, submit),
                read=Read(jobs, objects),
                frames=Frames(jobs, objects),
                waveforms=Waveforms(jobs, objects),
                correct=Correct(jobs, clock),
                end=End(jobs, objects, wake_ups, clock),
                retry=Retry(jobs, wake_ups, clock),
                sweep=Sweep(jobs, uploads, objects, wake_ups, clock, settings.lease_s),
                usage=UsageReport(SqlUsageStore(engine), clock),
            )
    finally:
        engine.dispose()


@contextmanager
def _object_store(settings: Settings) -> Iterator[ObjectStore]:
    if settings.store_url is None:
        yield LocalObjectStore(settings.objects_dir)
        return
    # Here, because boto3 takes a third of a second and 25 MB that who has a folder need not spend.
    from shared.adapters.objects_s3 import S3ObjectStore

    with closing(
        S3ObjectStore(
            settings.store_url,
            settings.store_endpoint_url,
            path_style=settings.store_path_style,
            public_url=settings.store_public_url,
        )
    ) as store:
        yield store
