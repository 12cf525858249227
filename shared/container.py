"""The composition root of what every process needs: ports and use cases, built once and closed together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Self

from shared.adapters.clock import SystemClock
from shared.adapters.local_object_store import LocalObjectStore
from shared.db.api_keys import SqlApiKeyStore
from shared.db.backlog import SqlBacklog
from shared.db.engine import open_engine
from shared.db.jobs import SqlJobStore
from shared.db.model_registry import SqlModelRegistry
from shared.db.schema import ensure_schema
from shared.db.uploads import SqlUploadStore
from shared.db.usage import SqlUsageStore
from shared.db.webhook_deliveries import SqlDeliveryQueue
from shared.db.webhook_endpoints import SqlWebhookEndpointStore
from shared.ports import Backlog, Clock, DeliveryQueue, JobStore, ModelRegistry, ObjectStore, WakeUps
from shared.services.api_keys import ApiKeys
from shared.services.cancellation import JobCancellation
from shared.services.corrections import Corrections
from shared.services.frame_store import FrameStore
from shared.services.job_reader import JobReader
from shared.services.job_retry import JobRetry
from shared.services.submission import JobSubmission
from shared.services.sweeper import Sweeper
from shared.services.uploads import Uploads
from shared.services.usage import UsageReport
from shared.services.waveform_store import WaveformStore
from shared.services.webhook_endpoints import WebhookEndpoints
from shared.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """The ports, and the use cases over them."""

    settings: Settings
    jobs: JobStore
    deliveries: DeliveryQueue
    backlog: Backlog
    model_registry: ModelRegistry
    object_store: ObjectStore
    wake_ups: WakeUps
    clock: Clock
    api_keys: ApiKeys
    webhook_endpoints: WebhookEndpoints
    submission: JobSubmission
    uploads: Uploads
    reader: JobReader
    frame_store: FrameStore
    waveform_store: WaveformStore
    corrections: Corrections
    cancellation: JobCancellation
    job_retry: JobRetry
    sweeper: Sweeper
    usage: UsageReport

    def of(self, tenant: str, key_id: str | None = None) -> Self:
        """The same for who may see and make the jobs of one tenant only, with one of its keys."""
        jobs, endpoints = self.jobs.of(tenant), replace(self.webhook_endpoints, tenant=tenant)
        submit = replace(self.submission, jobs=jobs, endpoints=endpoints, tenant=tenant, key_id=key_id)
        return replace(
            self,
            jobs=jobs,
            submission=submit,
            uploads=replace(self.uploads, submission=submit),
            reader=replace(self.reader, jobs=jobs),
            frame_store=replace(self.frame_store, jobs=jobs),
            waveform_store=replace(self.waveform_store, jobs=jobs),
            corrections=replace(self.corrections, jobs=jobs, key_id=key_id),
            cancellation=replace(self.cancellation, jobs=jobs),
            job_retry=replace(self.job_retry, jobs=jobs),
            webhook_endpoints=endpoints,
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
        endpoints = WebhookEndpoints(SqlWebhookEndpointStore(engine, clock), wake_ups, clock)
        uploads = SqlUploadStore(engine, clock)
        with _object_store(settings) as objects:
            submit = JobSubmission(
                jobs, objects, endpoints, wake_ups, clock, settings.max_upload_bytes, settings.limits
            )
            yield Services(
                settings=settings,
                jobs=jobs,
                deliveries=SqlDeliveryQueue(engine, clock),
                backlog=SqlBacklog(engine, clock),
                model_registry=SqlModelRegistry(engine, clock),
                object_store=objects,
                wake_ups=wake_ups,
                clock=clock,
                api_keys=ApiKeys(SqlApiKeyStore(engine), clock),
                webhook_endpoints=endpoints,
                submission=submit,
                uploads=Uploads(uploads, submit),
                reader=JobReader(jobs, objects),
                frame_store=FrameStore(jobs, objects),
                waveform_store=WaveformStore(jobs, objects),
                corrections=Corrections(jobs, clock),
                cancellation=JobCancellation(jobs, objects, wake_ups, clock),
                job_retry=JobRetry(jobs, wake_ups, clock),
                sweeper=Sweeper(jobs, uploads, objects, wake_ups, clock, settings.lease_s),
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
    from shared.adapters.s3_object_store import S3ObjectStore

    with closing(
        S3ObjectStore(
            settings.store_url,
            settings.store_endpoint_url,
            path_style=settings.store_path_style,
            public_url=settings.store_public_url,
        )
    ) as store:
        yield store
