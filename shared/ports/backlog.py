"""The amount of work that waits for workers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.ports.wake_ups import Queue


@dataclass(frozen=True, slots=True)
class Waiting:
    """The unfinished work of one kind, claimed or not.

    `since` is the time when the oldest unclaimed work came in. `samples` counts samples of segments. `size` is bytes
    of recordings, whose length is unknown before they are decoded.
    """

    queue: Queue
    jobs: int
    since: datetime | None = None
    samples: int = 0
    size: int = 0


class Backlog(Protocol):
    """A count of the work that waits for workers."""

    def waiting(self) -> Sequence[Waiting]:
        """Return the unfinished work of each kind. Raises DatabaseUnavailable."""
        ...

    def undeleted_since(self) -> datetime | None:
        """Return when the oldest objects fell due that are still to be deleted, None where there are none.

        Raises DatabaseUnavailable.
        """
        ...

    def database_bytes(self) -> int:
        """Return the size of the whole database. Raises DatabaseUnavailable."""
        ...
