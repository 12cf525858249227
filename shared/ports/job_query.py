"""Questions about many jobs: conditions, order, pages and groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import sqrt
from typing import Literal

from shared.domain.alert import Part
from shared.domain.facts import ChannelFacts
from shared.domain.job import Job, JobStatus

_Z = 1.96
"""The quantile of the normal distribution for 95 %."""

SortKey = Literal["submitted", "name", "length", "share", "worst_minute", "interruptions", "talk_share"]
Grouping = Literal["none", "day", "week", "role", "metadata"]


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Conditions on jobs, by default none.

    `label` is an emotion of any segment, `dominant` the emotion of most segments. `name` is contained in the file name,
    whatever the case. `metadata` has keys and their values. Lengths are samples.

    The others are about the facts of jobs that have succeeded, in a `channel`, by number or role, or in the whole
    recording: `emotion` has at least the share `min_share` of a part, or any without one.
    """

    status: JobStatus | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    label: str | None = None
    dominant: str | None = None
    batch_id: str | None = None
    recorded_after: datetime | None = None
    recorded_before: datetime | None = None
    name: str | None = None
    metadata: tuple[tuple[str, str], ...] = ()
    min_length: int | None = None
    max_length: int | None = None
    channel: int | str | None = None
    part: Part = "whole"
    emotion: str | None = None
    min_share: float | None = None
    has_alerts: bool | None = None
    has_corrections: bool | None = None
    min_interruptions: int | None = None
    min_talk_share: float | None = None


@dataclass(frozen=True, slots=True)
class JobOrder:
    """The order of jobs; `share` is that of the filter's emotion in its part and channel. Ties are broken by id."""

    key: SortKey = "submitted"
    descending: bool = True

    @property
    def needs_facts(self) -> bool:
        """Whether only jobs with facts can be sorted so."""
        return self.key not in ("submitted", "name", "length")


NEWEST_FIRST = JobOrder()


@dataclass(frozen=True, slots=True)
class JobCursor:
    """The place of a job in an order: its id, and the value that it is sorted by, None where that is the id."""

    job_id: str
    value: str | int | None = None


@dataclass(frozen=True, slots=True)
class JobPage:
    """Jobs in order. `next_cursor` is the place after which the next page starts, None on the last.

    `facts` has those of the filter's channel, by the id of the job, where a job has any.
    """

    jobs: Sequence[Job]
    facts: Mapping[str, ChannelFacts]
    next_cursor: JobCursor | None


@dataclass(frozen=True, slots=True)
class GroupBy:
    """The groups of jobs: one, or by day or week of the recording, by role, or by the value of the metadata `key`."""

    grouping: Grouping = "none"
    key: str | None = None


@dataclass(frozen=True, slots=True)
class MeanShare:
    """A mean over calls, with an interval that holds that of all such calls in 95 of 100 cases, None for one call."""

    mean: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class ShareSums:
    """The sum of the shares of an emotion over calls, and the sum of their squares."""

    total: float = 0.0
    squares: float = 0.0

    def __add__(self, other: ShareSums) -> ShareSums:
        return ShareSums(self.total + other.total, self.squares + other.squares)

    def mean_share(self, calls: int) -> MeanShare:
        """Return the mean over `calls` with the interval of Student's t within 0 to 1, each call counting once."""
        mean, freedom = self.total / calls, calls - 1
        if not freedom:
            return MeanShare(mean, None, None)
        error = sqrt(max(0.0, self.squares - calls * mean**2) / freedom / calls)
        # The expansion of t's quantile in the normal one is 2 % short at five calls, and less beyond.
        quantile = _Z + (_Z**3 + _Z) / (4 * freedom) + (5 * _Z**5 + 16 * _Z**3 + 3 * _Z) / (96 * freedom**2)
        return MeanShare(mean, max(0.0, mean - quantile * error), min(1.0, mean + quantile * error))


@dataclass(frozen=True, slots=True)
class InsightGroup:
    """The figures of a group of calls; `name` is its day, role or value, None where a call has none.

    `speech` and `analysed` are samples of speech in the channel. `measured` is the number of the calls with analysed
    speech in the part, over which `shares` sums.
    """

    name: str | None
    calls: int
    speech: int
    analysed: int
    measured: int
    shares: Mapping[str, ShareSums]
