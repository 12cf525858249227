"""Traces from the request to the batch of the model. Without an exporter, OpenTelemetry's no-ops are used.

Spans have neither messages nor stacks of errors, because these may hold private data.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from structlog.typing import EventDict, WrappedLogger

_ENDPOINT_VARIABLES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_HEADER = "traceparent"
_W3C = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("emoline")


class TracingUnavailable(Exception):
    """OTEL_EXPORTER_OTLP_ENDPOINT asks for traces, and what sends them is missing: install `emoline[otel]`, or take the
    variable away."""

    def __str__(self) -> str:
        return " ".join((self.__doc__ or "").split())


def check_tracing() -> bool:
    """Check whether OpenTelemetry's variables name an endpoint. Raises TracingUnavailable without the exporter."""
    enabled = any(map(os.environ.get, _ENDPOINT_VARIABLES))
    if enabled and find_spec("opentelemetry.exporter") is None:
        raise TracingUnavailable
    return enabled


@contextmanager
def export_spans(role: str) -> Iterator[None]:
    """Export spans while the context lasts, if an endpoint is set; once in a process. Raises TracingUnavailable."""
    if not check_tracing():
        yield
        return
    from shared.telemetry.otlp import span_exporter

    with span_exporter(f"emoline-{role}"):
        yield


@contextmanager
def span(name: str, parent: str | None = None, **attributes: str | int) -> Iterator[None]:
    """Open a span within the current one, or in the trace of `parent`, a W3C `traceparent`."""
    context = _context(parent) if parent else None
    kind = SpanKind.CONSUMER if parent else SpanKind.INTERNAL
    with _tracer.start_as_current_span(
        name, context, kind, attributes, record_exception=False, set_status_on_exception=False
    ) as opened:
        try:
            yield
        except Exception as error:
            opened.set_attribute("error.type", type(error).__name__)
            opened.set_status(StatusCode.ERROR)
            raise


def current() -> str | None:
    """Return the W3C `traceparent` of the current span, None without one."""
    carrier: dict[str, str] = {}
    _W3C.inject(carrier)
    return carrier.get(_HEADER)


def link(traceparents: Iterable[str | None]) -> None:
    """Link the current span to other traces, given by W3C `traceparent`."""
    current_span = trace.get_current_span()
    for traceparent in set(filter(None, traceparents)):
        current_span.add_link(trace.get_current_span(_context(traceparent)).get_span_context())


def failed(code: str) -> None:
    """Mark the current span as failed with an error code."""
    current_span = trace.get_current_span()
    current_span.set_attribute("error.type", code)
    current_span.set_status(StatusCode.ERROR)


def trace_id(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Add the id of the current trace to a log event, if there is one; a processor of structlog."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = trace.format_trace_id(context.trace_id)
    return event


def _context(traceparent: str) -> Context:
    return _W3C.extract({_HEADER: traceparent}, Context())
