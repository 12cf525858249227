"""Insights: the figures of many calls."""

from __future__ import annotations

import csv
import io
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from api.content_negotiation import json_response
from api.dependencies import ServicesDep
from api.errors import responses
from api.jobs.job_query import JobFilterDep, parse_group_by, refuse_misspelt
from api.media_types import TEXT
from exports.csv import escape_formula
from shared.schemas.insights import InsightsDocument

router = APIRouter(prefix="/v1/insights", tags=["insights"])

_COLUMNS = ("group", "calls", "measured_calls", "speech_ms", "analysed_ms", "emotion", "mean", "low", "high")


@router.get(
    "",
    response_model=InsightsDocument,
    responses={200: {"content": {"text/csv": TEXT}}, **responses()},
)
def get_insights(
    services: ServicesDep,
    job_filter: JobFilterDep,
    group_by: Annotated[
        str,
        Query(
            max_length=200,
            description="`none`, `day`, `week` (from Monday, UTC), `role`, or `metadata.KEY` by the values of a key.",
            examples=["week", "metadata.team"],
        ),
    ] = "none",
    to: Annotated[Literal["json", "csv"], Query(alias="format", description="`csv`: a row by group and emotion.")] = (
        "json"
    ),
) -> Response:
    """The calls that meet all conditions, by group: their number, hours of speech, coverage, and the mean share of each
    emotion in the `channel` and `part` that the conditions name, with corrections.

    By role, each channel counts for itself. A day is that of `recorded_at` of the metadata, else of the submission.
    """
    grouping = parse_group_by(group_by)
    groups = services.reader.insights(job_filter, grouping)
    if all(group.name is None for group in groups):
        refuse_misspelt(services.jobs, job_filter, grouping)
    document = InsightsDocument.from_groups(groups, group_by, job_filter)
    if to == "json":
        return json_response(document)
    return Response(write_csv(document), media_type="text/csv")


def write_csv(document: InsightsDocument) -> bytes:
    """Write insights as CSV in UTF-8 with a byte order mark, a row for each emotion of each group."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for group in document.data:
        figures = (group.calls, group.measured_calls, group.speech_ms, group.analysed_ms)
        for emotion, share in group.share_by_emotion.items():
            writer.writerow([escape_formula(group.group or ""), *figures, emotion, share.mean, share.low, share.high])
    return buffer.getvalue().encode("utf-8-sig")
