"""Repeat a write until the database is back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from shared.domain.errors import Outage

_Written = TypeVar("_Written")
_EVERY_S = 1.0
_FOR_S = 120.0
"""A server that is restarted is back within seconds, a failover takes a minute or two. After that the claim is left to
its lease, which counts it as an attempt."""


def retry_during_outage(write: Callable[[], _Written]) -> _Written:
    """Call `write` once a second until it raises no Outage, and return what it returns.

    `write` must be safe to repeat: a commit whose reply is lost may have succeeded.

    Raises:
        Outage: it still fails after two minutes.
    """
    retry = retry_if_exception_type(Outage)
    return Retrying(retry=retry, wait=wait_fixed(_EVERY_S), stop=stop_after_delay(_FOR_S), reraise=True)(write)
