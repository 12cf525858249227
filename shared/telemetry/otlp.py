"""Export of spans in batches by OTLP over HTTP. Needs the extra `otel`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from shared.version import VERSION

_QUERY = "url.query"


class _WithoutQueries(SpanProcessor):
    """Hides the query in spans of requests, which may hold the config of a job with the URL of its webhook."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        if span.attributes and _QUERY in span.attributes:
            span.set_attribute(_QUERY, "***")


@contextmanager
def span_exporter(service: str) -> Iterator[None]:
    """Export all spans of this process until the context is left, and the pending ones then.

    OpenTelemetry's environment variables configure it; `service` is the default name of the service.
    """
    defaults = Resource({"service.name": service, "service.version": VERSION})
    provider = TracerProvider(resource=defaults.merge(OTELResourceDetector().detect()))
    provider.add_span_processor(_WithoutQueries())
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    try:
        yield
    finally:
        provider.shutdown()
