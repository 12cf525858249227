"""A database that is away when a claim is to be given back."""

from __future__ import annotations

import time
from collections.abc import Callable

from shared.domain.errors import Outage

_EVERY_S = 1.0
_FOR_S = 120.0
"""A server that is restarted is back within seconds, one that another stands in for within a minute or two. After that
the claim is left to its lease, which counts it as an attempt."""


def outlast(write: Callable[[], None]) -> None:
    """Does `write` as soon as the database lets it. Raises Outage when it has not for two minutes.

    It may be done twice: of a commit whose answer is lost nobody knows whether it was one.
    """
    until = time.monotonic() + _FOR_S
    while True:
        try:
            return write()
        except Outage:
            if time.monotonic() > until:
                raise
        time.sleep(_EVERY_S)
