"""Messages that tell workers to look for work."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol


class Queue(StrEnum):
    """A kind of work, which has workers of its own."""

    PREPARE = "prepare"
    INFER = "infer"
    FINISH = "finish"
    DELIVER = "deliver"


class WakeUps(Protocol):
    """Messages that there may be work. One may be lost or come twice: the database is the truth."""

    def wake(self, queue: Queue) -> None:
        """Tell the workers of `queue` to look for work."""
        ...
