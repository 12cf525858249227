"""The API's metrics for Prometheus, as `GET /metrics` shows them.

No metric or label tells of a tenant, a recording or its emotions.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock

from cachetools import TTLCache, cached
from prometheus_client import CollectorRegistry, Counter, Histogram, Metric, values
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from shared.domain.errors import Outage
from shared.domain.recording import SAMPLE_RATE
from shared.ports import Backlog, Clock, Queue, Waiting

_BACKLOG_REMEMBERED_S = 5.0
"""Seconds for which a count of the backlog is reused, however many programs scrape."""
_BUCKETS_S = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)
"""Buckets from a poll to an upload that takes half an hour."""


class ApiMetrics:
    """Counters of requests."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "emoline_http_requests", "Requests answered.", ["method", "route", "status"], registry=self._registry
        )
        self.seconds = Histogram(
            "emoline_http_request_duration_seconds",
            "Time until the answer began, of requests that did not ask to wait.",
            ["method", "route"],
            registry=self._registry,
            buckets=_BUCKETS_S,
        )
        self.received = Counter("emoline_upload_bytes", "Bytes of requests' bodies taken in.", registry=self._registry)

    def collect(self) -> Iterable[Metric]:
        return self._registry.collect()


class SharedApiMetrics(ApiMetrics):
    """Counters of one of several processes. Each process shows the sums over all, which are kept in `folder`.

    A process makes one of these and no other metrics.
    """

    def __init__(self, folder: str) -> None:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        # The library reads the variable when it is imported, which was before the processes were forked.
        values.ValueClass = values.MultiProcessValue()
        super().__init__()
        self._all = MultiProcessCollector(None, folder)

    def collect(self) -> Iterable[Metric]:
        metrics: Iterable[Metric] = self._all.collect()
        return metrics


@dataclass(frozen=True, slots=True)
class _Backlog:
    queues: Sequence[Waiting]
    undeleted_since: datetime | None
    database_bytes: int


class BacklogMetrics:
    """Gauges of the work that waits, read from the database when Prometheus scrapes."""

    def __init__(self, backlog: Backlog, clock: Clock) -> None:
        self._clock = clock

        @cached(TTLCache(1, _BACKLOG_REMEMBERED_S), lock=Lock())
        def read() -> _Backlog | None:
            try:
                return _Backlog(backlog.waiting(), backlog.undeleted_since(), backlog.database_bytes())
            except Outage:
                return None

        self._read: Callable[[], _Backlog | None] = read

    def collect(self) -> Iterator[Metric]:
        backlog = self._read()
        yield GaugeMetricFamily("emoline_database_up", "Whether the database answers.", backlog is not None)
        if backlog is None:
            return
        now = self._clock.now()
        yield GaugeMetricFamily("emoline_database_bytes", "Size of the database.", backlog.database_bytes)
        yield GaugeMetricFamily(
            "emoline_undeleted_oldest_seconds",
            "Age of the oldest deletion whose objects the store still has; 0 where there is none.",
            max(0.0, (now - backlog.undeleted_since).total_seconds()) if backlog.undeleted_since else 0.0,
        )
        jobs = GaugeMetricFamily("emoline_queue_jobs", "Jobs, or deliveries, that are not done yet.", labels=["queue"])
        oldest = GaugeMetricFamily(
            "emoline_queue_oldest_seconds", "Age of the oldest that nobody has begun.", labels=["queue"]
        )
        sound = GaugeMetricFamily("emoline_queue_audio_seconds", "Sound that is not analysed yet.", labels=["queue"])
        size = GaugeMetricFamily("emoline_queue_bytes", "Recordings that are not decoded yet.", labels=["queue"])
        for waiting in backlog.queues:
            jobs.add_metric([waiting.queue], waiting.jobs)
            age_s = max(0.0, (now - waiting.since).total_seconds()) if waiting.since else 0.0
            oldest.add_metric([waiting.queue], age_s)
            if waiting.queue is Queue.INFER:
                sound.add_metric([waiting.queue], waiting.samples / SAMPLE_RATE)
            if waiting.queue is Queue.PREPARE:
                size.add_metric([waiting.queue], waiting.size)
        yield from (jobs, oldest, sound, size)


class DiskMetrics:
    """Gauges of the disk with the data folder, where the service keeps its database or its objects there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterator[Metric]:
        try:
            disk = shutil.disk_usage(self._folder)
        except OSError:  # `/readyz` says so
            return
        yield GaugeMetricFamily("emoline_disk_bytes", "Size of the disk with the data folder.", disk.total)
        yield GaugeMetricFamily("emoline_disk_free_bytes", "Bytes that the service may still write there.", disk.free)


def exposition(collector: Collector, accept: str) -> tuple[bytes, str]:
    """Encode all metrics in the format that an Accept header asks for; return them and their media type."""
    encode, media_type = choose_encoder(accept)
    return encode(collector), media_type
