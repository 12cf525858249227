"""Claims of jobs and segments, as the workers need them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from shared.domain.emotion import ModelInfo
from shared.domain.job import Job
from shared.domain.segment import SegmentOutcome
from shared.ports.job_repository import StoredSegment


@dataclass(frozen=True, slots=True)
class Claim:
    """A job whose present stage belongs to one worker until its lease runs out.

    `fence` grows with each claim; writes with an earlier fence are refused.
    """

    job: Job
    fence: int


@dataclass(frozen=True, slots=True)
class SegmentClaim:
    """A segment that belongs to one worker until its lease runs out."""

    job_id: str
    stored: StoredSegment
    attempts: int
    fence: int


class WorkQueue(Protocol):
    """Work on jobs and segments of all tenants. Every method is one transaction; leases run on the store's clock."""

    def claim_preparation(
        self, to_download: bool | None = None, excluded_tenants: Collection[str] = ()
    ) -> Claim | None:
        """Claim a job whose preparation was abandoned, otherwise a queued one; of tenants that are not excluded.

        With `to_download` it is one whose recording is still to be downloaded, or none such; by default any, those that
        are not to be downloaded first.

        Among queued ones, those of the tenant with the fewest jobs under way come first, where more than a thousand
        count as a thousand; of these the one of highest priority, then the oldest.
        """
        ...

    def claim_finish(self) -> Claim | None:
        """Claim the oldest job whose finishing was abandoned, otherwise the oldest whose segments are all done."""
        ...

    def renew(self, claim: Claim) -> None:
        """Extend the lease. Raises LeaseLost."""
        ...

    def save(self, claim: Claim, job: Job, *, add: Iterable[StoredSegment] = (), speakers: Sequence[int] = ()) -> None:
        """Store the job and its new segments. The lease ends when the job leaves the claimed state.

        `speakers` has the number of the speaker of each segment of the job, from the first on.

        A segment with the index and place of a stored one keeps that one's outcome and correction. A segment with
        another place replaces the stored one.

        Raises:
            LeaseLost: another worker has the job.
        """
        ...

    def forget_segments_from(self, claim: Claim, index: int) -> None:
        """Delete the segments from `index` on, which an earlier attempt may have stored. Raises LeaseLost."""
        ...

    def postpone(self, claim: Claim, job: Job, seconds: float) -> None:
        """Store the job and give the claim up; its stage can be claimed again after `seconds`. Raises LeaseLost."""
        ...

    def claim_segments(self, budget: int) -> Sequence[SegmentClaim]:
        """Claim up to `budget` samples of free segments of any jobs, at least one segment.

        Higher priorities come first. Within a priority, tenants share the budget evenly, and the jobs of a tenant share
        its part so that the job that has had least comes first; unused shares go to the rest. The segments of a job
        come in their order.
        """
        ...

    def renew_segments(self, claims: Sequence[SegmentClaim]) -> None:
        """Extend the leases. Raises LeaseLost when this worker has none of them any more, or their jobs have ended."""
        ...

    def record(
        self,
        outcomes: Sequence[tuple[SegmentClaim, SegmentOutcome]],
        model: ModelInfo,
        logits_keys: Mapping[str, str] = MappingProxyType({}),
    ) -> int:
        """Store the outcomes of segments that this worker still has. Returns their number; the rest is discarded.

        `logits_keys` has the object with the logits of the scored segments, by the id of the job.
        """
        ...

    def release_segments(self, claims: Sequence[SegmentClaim]) -> None:
        """Give claims back without counting an attempt. Claims that were given back already stay as they are."""
        ...
