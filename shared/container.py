"""The composition root of every process: ports that are opened once and closed together, and use cases over them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace

from shared.adapters.clock import SystemClock
from shared.adapters.local_object_store import LocalObjectStore
from shared.db.api_keys import SqlApiKeyStore
from shared.db.backlog import SqlBacklog
from shared.db.copies import SqlCopyQueue
from shared.db.engine import open_engine
from shared.db.housekeeping import SqlHousekeeping
from shared.db.job_repository import SqlJobRepository
from shared.db.model_registry import SqlModelRegistry
from shared.db.schema import ensure_schema
from shared.db.uploads import SqlUploadStore
from shared.db.usage import SqlUsageStore
from shared.db.webhook_deliveries import SqlDeliveryQueue
from shared.db.webhook_endpoints import SqlWebhookEndpointStore
from shared.db.work_queue import SqlWorkQueue
from shared.domain.errors import StorageFull, StoreUnavailable
from shared.domain.job import DEFAULT_TENANT
from shared.ports import (
    ApiKeyStore,
    Backlog,
    Clock,
    CopyQueue,
    DeliveryQueue,
    Housekeeping,
    JobRepository,
    ModelRegistry,
    ObjectStore,
    UploadStore,
    UsageStore,
    WakeUps,
    WebhookEndpointStore,
    WorkQueue,
)
from shared.services.api_keys import ApiKeys
from shared.services.cancellation import JobCancellation
from shared.services.corrections import Corrections
from shared.services.frame_store import FrameStore
from shared.services.job_reader import JobReader
from shared.services.job_retry import JobRetry
from shared.services.playback import Playback
from shared.services.retention import Retention
from shared.services.speaker_names import SpeakerNames
from shared.services.speech_store import SpeechStore
from shared.services.store_check import StoreCheck
from shared.services.submission import JobSubmission
from shared.services.sweeper import Sweeper
from shared.services.uploads import Uploads
from shared.services.usage import UsageReport
from shared.services.waveform_store import WaveformStore
from shared.services.webhook_endpoints import WebhookEndpoints
from shared.settings import Settings


@dataclass(frozen=True, slots=True)
class Ports:
    """The settings and the adapters of a process."""

    settings: Settings
    clock: Clock
    wake_ups: WakeUps
    object_store: ObjectStore
    jobs: JobRepository
    work_queue: WorkQueue
    housekeeping: Housekeeping
    uploads: UploadStore
    deliveries: DeliveryQueue
    webhook_endpoints: WebhookEndpointStore
    api_keys: ApiKeyStore
    model_registry: ModelRegistry
    usage: UsageStore
    copies: CopyQueue
    backlog: Backlog


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases, and the ports that they were built from; `ports.jobs` has the jobs of their tenant only."""

    ports: Ports
    api_keys: ApiKeys
    webhook_endpoints: WebhookEndpoints
    submission: JobSubmission
    uploads: Uploads
    reader: JobReader
    frame_store: FrameStore
    waveform_store: WaveformStore
    speech_store: SpeechStore
    playback: Playback
    corrections: Corrections
    speaker_names: SpeakerNames
    cancellation: JobCancellation
    job_retry: JobRetry
    retention: Retention
    sweeper: Sweeper
    store_check: StoreCheck
    usage: UsageReport

    @property
    def settings(self) -> Settings:
        return self.ports.settings

    @property
    def clock(self) -> Clock:
        return self.ports.clock

    @property
    def jobs(self) -> JobRepository:
        return self.ports.jobs

    @property
    def object_store(self) -> ObjectStore:
        return self.ports.object_store


def build_services(ports: Ports, tenant: str | None = None, key_id: str | None = None) -> Services:
    """Build the use cases of one tenant, acting with one of its API keys, or of all tenants for workers."""
    if tenant is not None:
        ports = replace(ports, jobs=ports.jobs.for_tenant(tenant))
    settings, clock, wake_ups = ports.settings, ports.clock, ports.wake_ups
    jobs, objects = ports.jobs, ports.object_store
    owner = DEFAULT_TENANT if tenant is None else tenant
    endpoints = WebhookEndpoints(ports.webhook_endpoints, wake_ups, clock, owner)
    submission = JobSubmission(
        jobs,
        objects,
        endpoints,
        wake_ups,
        clock,
        settings.max_upload_bytes,
        settings.limits,
        owner,
        key_id,
        settings.policy(owner),
    )
    return Services(
        ports=ports,
        api_keys=ApiKeys(ports.api_keys, clock),
        webhook_endpoints=endpoints,
        submission=submission,
        uploads=Uploads(ports.uploads, submission),
        reader=JobReader(jobs, objects),
        frame_store=FrameStore(jobs, objects),
        waveform_store=WaveformStore(jobs, objects),
        speech_store=SpeechStore(objects),
        playback=Playback(jobs, objects, ports.copies, wake_ups),
        corrections=Corrections(jobs, clock, key_id),
        speaker_names=SpeakerNames(jobs),
        cancellation=JobCancellation(jobs, objects, wake_ups, clock),
        job_retry=JobRetry(jobs, wake_ups, clock),
        retention=Retention(jobs),
        sweeper=Sweeper(jobs, ports.housekeeping, ports.uploads, objects, wake_ups, clock, settings.lease_s),
        store_check=StoreCheck(jobs, ports.housekeeping, objects, clock),
        usage=UsageReport(ports.usage, clock, owner),
    )


@contextmanager
def open_services(settings: Settings, wake_ups: WakeUps, clock: Clock | None = None) -> Iterator[Services]:
    """Open the ports, and build the use cases of all tenants. Raises as `open_ports`."""
    with open_ports(settings, wake_ups, clock) as ports:
        yield build_services(ports)


@contextmanager
def open_ports(settings: Settings, wake_ups: WakeUps, clock: Clock | None = None) -> Iterator[Ports]:
    """Connect every adapter with the schema up to date, and disconnect when the context is left.

    `wake_ups` reach the workers of this process, or those of other processes through a broker. `clock` is the
    system's by default.

    Raises:
        DatabaseUnusable: the database cannot be reached, or has another schema.
        StoreUnavailable: the object store of the settings cannot be used.
    """
    clock = clock or SystemClock()
    if settings.keeps_data_in_folder:
        # What people said is in it, so it is for the user of this process alone; a folder that exists stays as it is.
        try:
            settings.data_dir.mkdir(0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreUnavailable(f"The folder {settings.data_dir} cannot be used: {error.strerror}.") from error
    engine = open_engine(settings.resolved_database_url())
    try:
        ensure_schema(engine)
        with _object_store(settings) as objects:
            yield Ports(
                settings=settings,
                clock=clock,
                wake_ups=wake_ups,
                object_store=objects,
                jobs=SqlJobRepository(engine, clock),
                work_queue=SqlWorkQueue(engine, clock, settings.lease_s),
                housekeeping=SqlHousekeeping(engine, clock),
                uploads=SqlUploadStore(engine, clock),
                deliveries=SqlDeliveryQueue(engine, clock),
                webhook_endpoints=SqlWebhookEndpointStore(engine, clock),
                api_keys=SqlApiKeyStore(engine),
                model_registry=SqlModelRegistry(engine, clock),
                usage=SqlUsageStore(engine),
                copies=SqlCopyQueue(engine, clock, settings.lease_s),
                backlog=SqlBacklog(engine, clock),
            )
    finally:
        engine.dispose()


@contextmanager
def _object_store(settings: Settings) -> Iterator[ObjectStore]:
    if settings.store_url is None:
        try:
            local_store = LocalObjectStore(settings.objects_dir)
        except (StorageFull, StoreUnavailable) as error:
            reason = str(error.__cause__ or error)
            raise StoreUnavailable(f"The folder {settings.objects_dir} cannot be used: {reason}.") from error
        yield local_store
        return
    # Imported here, because boto3 takes a third of a second and 25 MB, which a service with a folder need not spend.
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
