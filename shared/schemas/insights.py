"""Insights: the figures of many calls, by group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from pydantic import Field

from shared.domain.alert import Part
from shared.domain.recording import to_ms
from shared.ports.job_query import InsightGroup, JobFilter, MeanShare
from shared.schemas.document import Document


class MeanShareDocument(Document):
    mean: float = Field(examples=[0.12])
    """The mean of the calls' shares; each call counts once, however long it is."""
    low: float | None = Field(examples=[0.08])
    """With `high`, the interval of Student's t for 95 %; null for one call."""
    high: float | None = Field(examples=[0.16])

    @classmethod
    def from_mean(cls, mean: MeanShare) -> Self:
        return cls(mean=mean.mean, low=mean.low, high=mean.high)


class InsightGroupDocument(Document):
    group: str | None = Field(examples=["2026-11-23"])
    """The day, the Monday of the week, the role or the value; null for calls without one, and where all are a group."""
    calls: int = Field(examples=[20])
    speech_ms: int = Field(examples=[26040000])
    """Speech in the segments of the channel."""
    analysed_ms: int = Field(examples=[25980000])
    coverage: float | None = Field(examples=[0.998])
    """The share of the speech that was analysed; null without speech."""
    measured_calls: int = Field(examples=[20])
    """Calls with analysed speech in the part, over which the means are taken."""
    share_by_emotion: dict[str, MeanShareDocument]

    @classmethod
    def from_group(cls, group: InsightGroup) -> Self:
        return cls(
            group=group.name,
            calls=group.calls,
            speech_ms=to_ms(group.speech),
            analysed_ms=to_ms(group.analysed),
            coverage=group.analysed / group.speech if group.speech else None,
            measured_calls=group.measured,
            share_by_emotion={
                emotion: MeanShareDocument.from_mean(sums.mean_share(group.measured))
                for emotion, sums in group.shares.items()
                if group.measured
            },
        )


class InsightsDocument(Document):
    group_by: str = Field(examples=["week"])
    channel: int | str | None = Field(examples=["customer"])
    """Null for the whole recordings."""
    part: Part
    data: list[InsightGroupDocument]
    next_cursor: None = None

    @classmethod
    def from_groups(cls, groups: Sequence[InsightGroup], group_by: str, job_filter: JobFilter) -> Self:
        return cls(
            group_by=group_by,
            channel=job_filter.channel,
            part=job_filter.part,
            data=list(map(InsightGroupDocument.from_group, groups)),
        )
