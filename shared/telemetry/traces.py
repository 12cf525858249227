"""Traces, from the request to the batch. Where nobody wants them, OpenTelemetry's own no-ops stand here.

Neither messages nor stacks of errors go into spans: they may hold what a job's owner would not show.
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

_WHERE_TO = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_HEADER = "traceparent"
_W3C = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("emoline")


class TracingUnavailable(Exception):
    """OTEL_EXPORTER_OTLP_ENDPOINT asks for traces, and what sends them is missing: install `emoline[otel]`, or take the
    variable away."""

    def __str__(self) -> str:
        return " ".join((self.__doc__ or "").split())


def check_wanted() -> bool:
    """Whether OpenTelemetry's variables say where to send spans. Raises TracingUnavailable where nothing can."""
    wanted = any(map(os.environ.get, _WHERE_TO))
    if wanted and find_spec("opentelemetry.exporter") is None:
        raise TracingUnavailable
    return wanted


@contextmanager
def exported(role: str) -> Iterator[None]:
    """Sends spans while the context lasts, where they are wanted; once in a process. Raises TracingUnavailable."""
    if not check_wanted():
        yield
        return
    from shared.telemetry.otlp import span_exporter

    with span_exporter(f"emoline-{role}"):
        yield


@contextmanager
def span(name: str, parent: str | None = None, **attributes: str | int) -> Iterator[None]:
    """A span within the one that is open here, or of the trace whose W3C `traceparent` is given."""
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
    """The W3C `traceparent` of the span that is open here."""
    carrier: dict[str, str] = {}
    _W3C.inject(carrier)
    return carrier.get(_HEADER)


def link(traceparents: Iterable[str | None]) -> None:
    """Says of the open span that it is of these traces too."""
    here = trace.get_current_span()
    for traceparent in {given for given in traceparents if given}:
        here.add_link(trace.get_current_span(_context(traceparent)).get_span_context())


def failed(code: str) -> None:
    """Says of the open span that it failed, and with which code."""
    here = trace.get_current_span()
    here.set_attribute("error.type", code)
    here.set_status(StatusCode.ERROR)


def trace_id(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Adds to a line of the log the trace that it belongs to, if there is one."""
    here = trace.get_current_span().get_span_context()
    if here.is_valid:
        event["trace_id"] = trace.format_trace_id(here.trace_id)
    return event


def _context(traceparent: str) -> Context:
    return _W3C.extract({_HEADER: traceparent}, Context())
