"""OpenTelemetry's SDK, which the extra `otel` brings: spans sent in batches by OTLP over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

_QUERY = "url.query"


class _WithoutQueries(SpanProcessor):
    """Takes from the spans of requests what FastAPI puts there: a job's config may be in it, with its webhook's URL."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        if span.attributes and _QUERY in span.attributes:
            span.set_attribute(_QUERY, "***")


@contextmanager
def span_exporter(service: str) -> Iterator[None]:
    """Has every span of this process sent until the context is left; what waits then is sent before.

    The standard variables say where to, how much and as whom; the service is called `service` unless they do.
    """
    own = Resource({"service.name": service, "service.version": version("emoline-service")})
    provider = TracerProvider(resource=own.merge(OTELResourceDetector().detect()))
    provider.add_span_processor(_WithoutQueries())
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    try:
        yield
    finally:
        provider.shutdown()
