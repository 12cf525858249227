"""Jobs that are due for regular maintenance, and kinds of work that can be claimed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from shared.domain.job import Job
from shared.ports.wake_ups import Queue


class Housekeeping(Protocol):
    """Maintenance of the jobs of all tenants. Every method is one transaction unless it says otherwise."""

    def expired(self) -> Sequence[str]:
        """Return the ids of some of the jobs whose `expires_at` has passed."""
        ...

    def audio_expired(self) -> Sequence[Job]:
        """Return some of the jobs whose `audio_expires_at` has passed."""
        ...

    def overdue(self) -> Sequence[Job]:
        """Return some of the jobs that have not ended though their `deadline_at` has passed."""
        ...

    def purgeable(self, after_s: float) -> Sequence[str]:
        """Return the ids of jobs that were deleted more than `after_s` seconds ago and whose objects may exist."""
        ...

    def mark_purged(self, job_id: str) -> None:
        """Note that a deleted job's objects are deleted."""
        ...

    def mark_segments_done(self) -> None:
        """Mark the jobs whose segments are all done though their last outcome was recorded without a mark.

        Versions before the mark record so, in a deployment that is updated process by process.
        """
        ...

    def referenced_keys(self, job_ids: Collection[str]) -> Mapping[str, set[str]]:
        """Return the keys of the objects that must exist, by job id: recordings, segments and logits."""
        ...

    def renew_facts(self) -> None:
        """Store the facts of some of the ended jobs that have none, or those of older rules. Each is a transaction."""
        ...

    def claimable(self) -> Sequence[Queue]:
        """Return the kinds of work that have something to claim."""
        ...
