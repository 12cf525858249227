"""The workers' Prometheus metrics: they count work, and never name a tenant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from shared.domain.emotion import ModelInfo
from shared.domain.recording import SAMPLE_RATE
from shared.domain.segment import SegmentOutcome
from shared.domain.webhook import Attempt, DeliveryState
from shared.ports import RecordedAttempt
from shared.telemetry.collectors import Collectors

REGISTRY = CollectorRegistry()

STAGES = Histogram(
    "emoline_stage_duration_seconds",
    "Stages of jobs that were worked on, by what came of it.",
    ["stage", "outcome"],
    registry=REGISTRY,
    buckets=(0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800, 7200),
)
FAILURES = Counter("emoline_stage_failures", "Stages that failed, by code.", ["stage", "code"], registry=REGISTRY)
PREPARED = Counter("emoline_prepared_audio_seconds", "Sound decoded and cut, in whole recordings.", registry=REGISTRY)
SEGMENTS = Counter(
    "emoline_segments", "Segments analysed: `ok`, or why one was skipped.", ["outcome"], registry=REGISTRY
)
DISCARDED = Counter(
    "emoline_segments_discarded", "Outcomes that were not recorded: the lease was lost.", registry=REGISTRY
)
LEASES_LOST = Counter("emoline_leases_lost", "Work that somebody else had taken over.", ["stage"], registry=REGISTRY)
ANALYSED = Counter("emoline_analysed_audio_seconds", "Sound that the model has answered for.", registry=REGISTRY)
MODEL_SECONDS = Counter("emoline_model_seconds", "Time for which the model was at work on it.", registry=REGISTRY)
MODEL_KILLS = Counter(
    "emoline_model_kills", "Times that the model's process hung or died.", ["reason"], registry=REGISTRY
)
for _reason in ("timeout", "crash"):  # starts the series at 0, so that the first kill shows as an increase
    MODEL_KILLS.labels(_reason)
MODEL = Gauge(
    "emoline_model_info",
    "Always 1: the model that is loaded.",
    ["id", "revision", "sha256", "precision"],
    registry=REGISTRY,
)
BATCH_SEGMENTS = Histogram(
    "emoline_batch_segments",
    "Segments that the model had at once.",
    registry=REGISTRY,
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
)
BATCH_SECONDS = Histogram(
    "emoline_batch_audio_seconds",
    "Sound that the model had at once.",
    registry=REGISTRY,
    buckets=(1, 5, 10, 25, 50, 100, 200, 400, 800, 1600),
)
BATCH_FILL = Histogram(
    "emoline_batch_fill_ratio",
    "Sound that the model had at once, of what it had best have. Nothing is padded: what is not there costs nothing.",
    registry=REGISTRY,
    buckets=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1),
)
DELIVERIES = Counter(
    "emoline_webhook_attempts", "Deliveries attempted, by the answer's class, or `none`.", ["answer"], registry=REGISTRY
)
DELIVERIES_ENDED = Counter(
    "emoline_webhook_deliveries_ended",
    "Deliveries that ended: `delivered`, `failed` after the last attempt, `disabled` by the receiver.",
    ["state"],
    registry=REGISTRY,
)
ENDPOINTS_DISABLED = Counter(
    "emoline_webhook_endpoints_disabled", "Endpoints disabled because they fail or want no more.", registry=REGISTRY
)
RUNS = Counter(
    "emoline_work_runs", "Looks for work and sweeps, by how they ended.", ["work", "outcome"], registry=REGISTRY
)


class PortInUse(Exception):
    """The port of EMOLINE_METRICS_PORT is taken, or EMOLINE_METRICS_HOST does not exist here."""

    def __str__(self) -> str:
        return " ".join((self.__doc__ or "").split())


def set_model(model: ModelInfo) -> None:
    """Set the info metric to the model that is loaded now."""
    MODEL.clear()
    MODEL.labels(model.id, model.revision or "", model.sha256, model.precision).set(1)


def observe_batch(segments: int, samples: int, seconds: float, batch_samples: int) -> None:
    """Observe a batch of `samples` at 16 kHz that took the model `seconds`; `batch_samples` is its best batch size."""
    BATCH_SEGMENTS.observe(segments)
    BATCH_SECONDS.observe(samples / SAMPLE_RATE)
    BATCH_FILL.observe(min(1.0, samples / batch_samples))
    ANALYSED.inc(samples / SAMPLE_RATE)
    MODEL_SECONDS.inc(seconds)


def count_outcomes(outcomes: list[SegmentOutcome], recorded: int) -> None:
    """Count the outcomes of segments, of which `recorded` were written and the rest discarded."""
    for outcome in outcomes:
        SEGMENTS.labels(outcome.reason.value if outcome.reason else outcome.status.value).inc()
    DISCARDED.inc(len(outcomes) - recorded)


def count_delivery(attempt: Attempt, recorded: RecordedAttempt | None) -> None:
    """Count one attempt to deliver a webhook, and its consequences unless another worker had the delivery."""
    DELIVERIES.labels(f"{attempt.status // 100}xx" if attempt.status else "none").inc()
    if recorded and recorded.state is not DeliveryState.PENDING:
        DELIVERIES_ENDED.labels(recorded.state.value).inc()
    if recorded and recorded.endpoint_disabled:
        ENDPOINTS_DISABLED.inc()


@contextmanager
def serve_metrics(host: str, port: int | None) -> Iterator[None]:
    """Serve the metrics at `host` and `port` while the context lasts; without a port, do nothing.

    Raises:
        PortInUse: the address cannot be bound.
    """
    if port is None:
        yield
        return
    try:
        server, thread = start_http_server(port, host, Collectors([REGISTRY]))
    except OSError as error:
        raise PortInUse from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
