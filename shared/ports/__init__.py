"""Interfaces between the use cases and the world outside, which `shared.db` and `shared.adapters` implement."""

from __future__ import annotations

from shared.ports.api_key_store import ApiKeyStore
from shared.ports.backlog import Backlog, Waiting
from shared.ports.clock import Clock
from shared.ports.copy_queue import CopyClaim, CopyQueue, WantedCopy
from shared.ports.delivery_queue import DeliveryClaim, DeliveryQueue, RecordedAttempt
from shared.ports.housekeeping import Housekeeping
from shared.ports.job_query import GroupBy, InsightGroup, JobCursor, JobFilter, JobOrder, JobPage
from shared.ports.job_repository import JobRepository, StoredSegment
from shared.ports.model_registry import ModelRegistry
from shared.ports.object_store import ObjectStore, ObjectWriter
from shared.ports.upload_store import StoredPart, UploadClaim, UploadStore
from shared.ports.usage_store import UsageStore
from shared.ports.wake_ups import Queue, WakeUps
from shared.ports.webhook_endpoint_store import DeliveryFilter, DeliveryPage, WebhookEndpointStore
from shared.ports.work_queue import Claim, SegmentClaim, WorkQueue

__all__ = [
    "ApiKeyStore",
    "Backlog",
    "Claim",
    "Clock",
    "CopyClaim",
    "CopyQueue",
    "DeliveryClaim",
    "DeliveryFilter",
    "DeliveryPage",
    "DeliveryQueue",
    "GroupBy",
    "Housekeeping",
    "InsightGroup",
    "JobCursor",
    "JobFilter",
    "JobOrder",
    "JobPage",
    "JobRepository",
    "ModelRegistry",
    "ObjectStore",
    "ObjectWriter",
    "Queue",
    "RecordedAttempt",
    "SegmentClaim",
    "StoredPart",
    "StoredSegment",
    "UploadClaim",
    "UploadStore",
    "UsageStore",
    "Waiting",
    "WakeUps",
    "WantedCopy",
    "WebhookEndpointStore",
    "WorkQueue",
]
