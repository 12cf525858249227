"""Copies of recordings for players: wanted by listeners, made by workers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from shared.domain.job import Job


@dataclass(frozen=True, slots=True)
class WantedCopy:
    """A copy that somebody wants: `size` in bytes once it is made. `failed` is whether nobody will try again."""

    size: int | None
    failed: bool


@dataclass(frozen=True, slots=True)
class CopyClaim:
    """A copy that one worker makes until its lease runs out."""

    job: Job
    fence: int


class CopyQueue(Protocol):
    """Copies of recordings, at most one for each job. Every method is one transaction."""

    def want(self, job_id: str) -> WantedCopy:
        """Note that the copy is wanted, unless it was already, and return how far it is. Raises JobDeleted."""
        ...

    def claim(self) -> CopyClaim | None:
        """Claim the copy that has been wanted longest and that nobody makes; None where there is none."""
        ...

    def renew(self, claim: CopyClaim) -> None:
        """Extend the lease. Raises LeaseLost, also where the job was deleted."""
        ...

    def release(self, claim: CopyClaim, *, tried: bool) -> None:
        """Give the claim back; one that was `tried` three times has failed."""
        ...

    def finish(self, claim: CopyClaim, size: int) -> bool:
        """Note the size of the copy; return False where the recording may not be kept any longer, nor its copy."""
        ...
