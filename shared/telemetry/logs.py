"""Logs: a line on standard error for each event, in one format whichever library says it."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Callable, Sequence
from typing import Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from shared.telemetry.traces import trace_id

LogFormat = Literal["console", "json"]

_QUIET = logging.WARNING
"""What libraries say below this is noise, and names whole URLs, whatever our own level is."""
_TALKATIVE = "celery.beat"
"""It has no other voice: its start and what it sends are worth reading at our own level."""

_SECRETS = [
    ("://", re.compile(r"(://[^\s/:@\"']*):[^\s/@\"']+@"), r"\1:***@"),  # of databases and brokers
    ("?", re.compile(r"(https?://[^\s?\"'<>\\]*)\?[^\s\"'<>\\]*"), r"\1?***"),  # presigned URLs, webhooks, sources
    ("emo_", re.compile(r"\b(emo_)[\w-]+"), r"\1***"),
    ("whsec_", re.compile(r"\b(whsec_)[\w+/=]+"), r"\1***"),
    ("X-Amz-", re.compile(r"\b(X-Amz-[\w-]+=)[^\s&\"']+"), r"\1***"),
]
"""What each has in it, quickly seen to be missing in most lines, what it looks like, and what is written instead."""

_encode = json.JSONEncoder(default=str).encode


def default_format() -> LogFormat:
    """For people where a person looks, else for machines."""
    return "console" if sys.stderr.isatty() else "json"


def log_to_stderr(level: str, form: LogFormat, role: str | None = None) -> None:
    """Has everything that is logged go there: ours from `level` on, warnings and other libraries' from WARNING on.

    `role` is what kind of process this is. Secrets that a message may hold by mistake are left out.
    """
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _Constant({"role": role} if role else {}),
        trace_id,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
    ]
    after = _renderers(form)
    structlog.configure(
        processors=[*before, *after],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    _take_over_others(level, before, after)


def _take_over_others(level: str, before: Sequence[Processor], after: Sequence[Processor]) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*before, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *after],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    own = logging.getLevelNamesMapping()[level]
    root.setLevel(max(own, _QUIET))
    logging.getLogger(_TALKATIVE).setLevel(own)
    logging.captureWarnings(True)


class _Constant:
    """Adds the same to every line."""

    def __init__(self, values: dict[str, str]) -> None:
        self._values = values

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event.update(self._values)
        return event


def _renderers(form: LogFormat) -> list[Processor]:
    if form == "console":
        return [
            _kept_clean(
                structlog.dev.ConsoleRenderer(
                    colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
                )
            )
        ]
    return [structlog.processors.format_exc_info, _kept_clean(_as_json)]


def _kept_clean(render: Callable[[WrappedLogger, str, EventDict], str]) -> Processor:
    def line(logger: WrappedLogger, method: str, event: EventDict) -> str:
        return without_secrets(render(logger, method, event))

    return line


def _as_json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    first = {name: event.pop(name) for name in ("timestamp", "level", "event")}
    return _encode({**first, **event})


def without_secrets(line: str) -> str:
    """A line without what must not be kept: passwords and queries in URLs, keys, signing secrets, signatures."""
    for mark, pattern, instead in _SECRETS:
        if mark in line:
            line = pattern.sub(instead, line)
    return line
