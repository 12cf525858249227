"""Questions about many jobs as parameters of a query: conditions, order and groups."""

from __future__ import annotations

from collections.abc import Callable, Collection
from difflib import get_close_matches
from typing import Annotated, Any, get_args

from fastapi import Depends, Query
from pydantic import BeforeValidator, WithJsonSchema

from api.parameters import Text
from shared.domain.alert import Part
from shared.domain.emotion import EMOTIONS
from shared.domain.errors import InvalidRequest
from shared.domain.facts import PARTS
from shared.domain.job import JobStatus
from shared.domain.recording import from_ms
from shared.domain.suggestions import suggestion
from shared.ports import GroupBy, JobFilter, JobOrder, JobRepository
from shared.ports.job_query import Grouping, SortKey
from shared.schemas.fields import Time

_MAX_MS = 10**9
"""Eleven days."""

SORT_KEYS: tuple[SortKey, ...] = get_args(SortKey)
GROUPINGS: tuple[Grouping, ...] = get_args(Grouping)


def one_of(kind: str, names: Collection[str]) -> Callable[[Any], Any]:
    """Return a check that a value is one of `names`; its error has the nearest one."""

    def check(value: Any) -> Any:
        if value not in names:
            raise ValueError(f"there is no {kind} `{value}`; {suggestion(str(value), names)}")
        return value

    return check


_NO_ENTRIES: list[str] = []
_SORTS = [sign + key for key in SORT_KEYS for sign in ("", "-")]

EmotionName = Annotated[
    str, BeforeValidator(one_of("emotion", EMOTIONS)), WithJsonSchema({"type": "string", "enum": list(EMOTIONS)})
]
PartName = Annotated[Part, BeforeValidator(one_of("part", PARTS))]
Sort = Annotated[
    str,
    BeforeValidator(one_of("order", _SORTS)),
    WithJsonSchema({"type": "string", "enum": _SORTS}),
    Query(description="The order, with `-` the greatest first; `share` is that of `emotion`."),
]


async def get_job_filter(
    status: Annotated[JobStatus | None, Query(description="Only jobs with this status.")] = None,
    created_after: Annotated[Time | None, Query(description="Only jobs made later than this.")] = None,
    created_before: Annotated[Time | None, Query(description="Only jobs made earlier than this.")] = None,
    recorded_after: Annotated[
        Time | None, Query(description="As `created_after`, by `recorded_at` of the metadata where there is one.")
    ] = None,
    recorded_before: Annotated[Time | None, Query(description="As `created_before`, in the same way.")] = None,
    label: Annotated[Text | None, Query(description="Only jobs with a segment of this emotion.")] = None,
    dominant: Annotated[Text | None, Query(description="Only jobs whose dominant emotion it is.")] = None,
    batch_id: Annotated[str | None, Query(pattern="^batch_[0-9a-f-]{36}$", description="Only its jobs.")] = None,
    name: Annotated[Text | None, Query(description="Only jobs whose file name contains this, in any case.")] = None,
    metadata: Annotated[
        list[str], Query(description="Only jobs with this entry: `key=value`; repeated, with all of them.")
    ] = _NO_ENTRIES,
    min_length_ms: Annotated[int | None, Query(ge=0, le=_MAX_MS, description="Only recordings as long.")] = None,
    max_length_ms: Annotated[int | None, Query(ge=0, le=_MAX_MS, description="Only recordings as short.")] = None,
    channel: Annotated[
        Text | None,
        Query(description="Channel of the conditions below, by number or role; by default all together."),
    ] = None,
    part: Annotated[PartName, Query(description="The part of the recording in which `emotion` is heard.")] = "whole",
    emotion: Annotated[EmotionName | None, Query(description="Only jobs in which it is heard.")] = None,
    min_share: Annotated[
        float | None, Query(ge=0, le=1, description="Least share of `emotion` in the speech of that part.")
    ] = None,
    has_alerts: Annotated[bool | None, Query(description="Only jobs with, or without, an alert.")] = None,
    has_corrections: Annotated[bool | None, Query(description="Only jobs with, or without, a correction.")] = None,
    min_interruptions: Annotated[int | None, Query(ge=0, le=10**6, description="Least number by the channel.")] = None,
    min_talk_share: Annotated[float | None, Query(ge=0, le=1, description="Least share of the talk.")] = None,
) -> JobFilter:
    """The conditions of a query. Raises InvalidRequest."""
    if min_share is not None and emotion is None:
        raise InvalidRequest("query.min_share: it is the share of an emotion, so `emotion` is needed too.")
    return JobFilter(
        status=status,
        created_after=created_after,
        created_before=created_before,
        label=label,
        dominant=dominant,
        batch_id=batch_id,
        recorded_after=recorded_after,
        recorded_before=recorded_before,
        name=name,
        metadata=tuple(map(parse_entry, metadata)),
        min_length=None if min_length_ms is None else from_ms(min_length_ms),
        max_length=None if max_length_ms is None else from_ms(max_length_ms),
        channel=parse_channel(channel),
        part=part,
        emotion=emotion,
        min_share=min_share,
        has_alerts=has_alerts,
        has_corrections=has_corrections,
        min_interruptions=min_interruptions,
        min_talk_share=min_talk_share,
    )


JobFilterDep = Annotated[JobFilter, Depends(get_job_filter)]


def parse_entry(text: str) -> tuple[str, str]:
    """Read an entry of metadata. Raises InvalidRequest."""
    key, equals, value = text.partition("=")
    if not equals:
        raise InvalidRequest(f"query.metadata: `{text}` must be a key and its value, as `team=berlin`.")
    return key, value


def parse_channel(text: str | None) -> int | str | None:
    """Read the number or the role of a channel."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 3 else text


def parse_order(sort: str, job_filter: JobFilter) -> JobOrder:
    """Read the order of a list. Raises InvalidRequest."""
    order = JobOrder(next(key for key in SORT_KEYS if key == sort.removeprefix("-")), sort.startswith("-"))
    if order.key == "share" and job_filter.emotion is None:
        raise InvalidRequest("query.sort: `share` is the share of an emotion, so `emotion` is needed too.")
    if job_filter.part != "whole" and job_filter.emotion is None:
        raise InvalidRequest("query.part: it is the part in which an emotion is heard, so `emotion` is needed too.")
    return order


def refuse_misspelt(jobs: JobRepository, job_filter: JobFilter, group_by: GroupBy | None = None) -> None:
    """Raise InvalidRequest for a role or a key that no job has, where a similar one exists. To ask after no result."""
    if isinstance(job_filter.channel, str):
        refuse_similar("query.channel: no channel has the role", job_filter.channel, jobs.roles())
    keys = [key for key, _ in job_filter.metadata] + ([group_by.key] if group_by and group_by.key else [])
    known = jobs.metadata_keys() if keys else ()
    for key in keys:
        refuse_similar("query.metadata: no job has the key", key, known)


def refuse_similar(reason: str, name: str, known: Collection[str]) -> None:
    """Raise InvalidRequest where `name` is not known but a similar name is."""
    if name not in known and (nearest := get_close_matches(name, known, n=1)):
        raise InvalidRequest(f"{reason} `{name}`; the nearest name is `{nearest[0]}`.")


def parse_group_by(text: str) -> GroupBy:
    """Read the grouping of insights. Raises InvalidRequest."""
    grouping, dot, key = text.partition(".")
    for each in GROUPINGS:
        if each == grouping and (each == "metadata") == bool(dot and key):
            return GroupBy(each, key or None)
    known = [each if each != "metadata" else "metadata.KEY" for each in GROUPINGS]
    raise InvalidRequest(f"query.group_by: there is no group `{text}`; {suggestion(text, known)}.")
