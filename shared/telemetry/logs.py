"""Logs: one line on standard error for each event, in the same format for all libraries."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Callable
from typing import Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from shared.telemetry.traces import trace_id

LogFormat = Literal["console", "json"]

_QUIET = logging.WARNING
"""The least level of libraries: below it their logs are noise and contain complete URLs."""

_SECRETS = [
    ("://", re.compile(r"(://[^\s/:@\"']*):[^\s/@\"']+@"), r"\1:***@"),  # of databases and brokers
    ("?", re.compile(r"(https?://[^\s?\"'<>\\]*)\?[^\s\"'<>\\]*"), r"\1?***"),  # presigned URLs, webhooks, sources
    ("emo_", re.compile(r"\b(emo_)[\w-]+"), r"\1***"),
    ("whsec_", re.compile(r"\b(whsec_)[\w+/=]+"), r"\1***"),
    ("X-Amz-", re.compile(r"\b(X-Amz-[\w-]+=)[^\s&\"']+"), r"\1***"),
]
"""Patterns of secrets: a text that lines without the secret lack, the pattern, and its replacement."""

_encode = json.JSONEncoder(default=str).encode


def default_format() -> LogFormat:
    """Return `console` where standard error is a terminal, else `json`."""
    return "console" if sys.stderr.isatty() else "json"


def log_to_stderr(level: str, form: LogFormat, role: str | None = None) -> None:
    """Log to standard error: Emoline from `level` on, libraries and Python warnings from WARNING on.

    Every line has the `role` of the process if it is given. Secrets are removed from all lines.
    """
    emoline_level = logging.getLevelNamesMapping()[level]
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _Constant({"role": role} if role else {}),
        trace_id,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
    ]
    if form == "console":
        console = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
        after = [_redacted(console)]
    else:
        after = [structlog.processors.format_exc_info, _redacted(_as_json)]
    structlog.configure(
        processors=[*before, *after],
        wrapper_class=structlog.make_filtering_bound_logger(emoline_level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*before, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *after],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(emoline_level, _QUIET))
    logging.captureWarnings(True)


class _Constant:
    """Adds constant values to every line."""

    def __init__(self, values: dict[str, str]) -> None:
        self._values = values

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event.update(self._values)
        return event


def _redacted(render: Callable[[WrappedLogger, str, EventDict], str]) -> Processor:
    def line(logger: WrappedLogger, method: str, event: EventDict) -> str:
        return without_secrets(render(logger, method, event))

    return line


def _as_json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    first = {name: event.pop(name) for name in ("timestamp", "level", "event")}
    return _encode({**first, **event})


def without_secrets(line: str) -> str:
    """Remove secrets from a line: passwords and queries in URLs, API keys, signing secrets, signatures."""
    for mark, pattern, instead in _SECRETS:
        if mark in line:
            line = pattern.sub(instead, line)
    return line
