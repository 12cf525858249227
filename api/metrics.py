"""The API's metrics, and what Prometheus gets to see at `GET /metrics`.

Nothing in them tells of a tenant, a recording or its emotions.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
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

_REMEMBERED_S = 5.0
"""What waits is counted no more often, however many scrape."""
_BUCKETS_S = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)
"""From a poll to an upload of hours."""


class ApiMetrics:
    """What is counted of requests."""

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
    """Those of one of several processes; each shows the sums over all of them, which lie in `folder`.

    To be made once in a process, which then has no metrics of another kind.
    """

    def __init__(self, folder: str) -> None:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        # By itself the library looks at the variable when it is imported, which was before the processes were forked.
        values.ValueClass = values.MultiProcessValue()
        super().__init__()
        self._all = MultiProcessCollector(None, folder)

    def collect(self) -> Iterable[Metric]:
        found: Iterable[Metric] = self._all.collect()
        return found


class State:
    """What is not counted but looked up when somebody asks: what waits."""

    def __init__(self, backlog: Backlog, clock: Clock) -> None:
        self._clock = clock
        self._waiting: Callable[[], Sequence[Waiting] | None] = cached(TTLCache(1, _REMEMBERED_S), lock=Lock())(
            lambda: _counted(backlog)
        )

    def collect(self) -> Iterator[Metric]:
        waiting = self._waiting()
        yield GaugeMetricFamily("emoline_database_up", "Whether the database answers.", waiting is not None)
        if waiting is not None:
            yield from _families(waiting, self._clock.now())


def exposition(collector: Collector, accept: str) -> tuple[bytes, str]:
    """All metrics in the format that an Accept header asks for, and its media type."""
    encode, media_type = choose_encoder(accept)
    return encode(collector), media_type


def _counted(backlog: Backlog) -> Sequence[Waiting] | None:
    try:
        return backlog.waiting()
    except Outage:
        return None


def _families(waiting: Sequence[Waiting], now: datetime) -> Iterator[Metric]:
    jobs = GaugeMetricFamily("emoline_queue_jobs", "Jobs, or deliveries, that are not done yet.", labels=["queue"])
    oldest = GaugeMetricFamily(
        "emoline_queue_oldest_seconds", "Age of the oldest that nobody has begun.", labels=["queue"]
    )
    sound = GaugeMetricFamily("emoline_queue_audio_seconds", "Sound that is not analysed yet.", labels=["queue"])
    size = GaugeMetricFamily("emoline_queue_bytes", "Recordings that are not decoded yet.", labels=["queue"])
    for one in waiting:
        jobs.add_metric([one.queue], one.jobs)
        oldest.add_metric([one.queue], max(0.0, (now - one.since).total_seconds()) if one.since else 0.0)
        if one.queue is Queue.INFER:
            sound.add_metric([one.queue], one.samples / SAMPLE_RATE)
        if one.queue is Queue.PREPARE:
            size.add_metric([one.queue], one.size)
    yield from (jobs, oldest, sound, size)
