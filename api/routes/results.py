"""Results of a job: the whole, the timeline, and segments with their audio."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Response

from api.byte_range import ranged_response
from api.content_negotiation import CSV, json_response, streamed_json
from api.dependencies import JobId, SegmentIndex, ServicesDep
from api.errors import responses
from api.file_names import content_disposition
from api.media_types import BINARY, TEXT
from api.parameters import Corrected, SetProbability
from exports.curve_csv import to_curve_csv
from shared.domain.errors import (
    AudioDeleted,
    InvalidCursor,
    JobDeleted,
    JobNotFound,
    NoResult,
    ObjectNotFound,
    ResultNotReady,
    SegmentNotFound,
)
from shared.domain.timeline import confident
from shared.findings.channel_segments import split_channels
from shared.findings.curve import compute_curve
from shared.frame_scores import pack_scores
from shared.schemas.curve import CurveDocument
from shared.schemas.result import AnalysedRecording, ResultDocument, result_json
from shared.schemas.segments import (
    LanesDocument,
    LaneStretchDocument,
    SegmentDocument,
    SegmentPageDocument,
    TimelineDocument,
    TimelineEntryDocument,
)

router = APIRouter(prefix="/v1/jobs/{job_id}", tags=["results"])


@router.get(
    "/result",
    response_model=ResultDocument,
    responses=responses(JobNotFound, JobDeleted, ResultNotReady, NoResult, ObjectNotFound),
)
def get_result(
    job_id: JobId,
    services: ServicesDep,
    set_probability: SetProbability = None,
    corrected: Corrected = True,
    segments: Annotated[bool, Query(description="False leaves the list of segments empty.")] = True,
) -> Response:
    """The whole result: dominant emotion, timeline, segments, summary, conversation and coverage."""
    job, outcome = services.reader.result(job_id, set_probability=set_probability, corrected=corrected)
    assert job.finished_at  # a job with a result has ended
    conversation = services.speech_store.conversation(job, outcome.segments)
    analysed = AnalysedRecording(job.recording, outcome, job.options, job.finished_at, conversation)
    headers = content_disposition(job.recording.filename, "-result.json", "inline")
    if not segments:
        document = ResultDocument.from_analysed(analysed, partial(audio_url, job_id), {}, with_segments=False)
        return json_response(document, headers)
    # Loaded before the response begins, which may be an error.
    scores = services.frame_store.each_scores(job, outcome.segments)
    packed = {index: pack_scores(of_segment) for index, of_segment in scores}
    return streamed_json(result_json(analysed, partial(audio_url, job_id), packed), headers)


@router.get(
    "/timeline",
    response_model=TimelineDocument,
    responses=responses(JobNotFound, JobDeleted, ResultNotReady, NoResult),
)
def get_timeline(
    job_id: JobId,
    services: ServicesDep,
    channel: Annotated[int | None, Query(ge=0, le=63, description="Only this channel.")] = None,
    gap_ms: Annotated[int | None, Query(ge=0, le=60_000, description="Merge neighbours closer than this.")] = None,
    min_confidence: Annotated[float | None, Query(ge=0, le=1, description="Below it: `unknown`.")] = None,
    corrected: Corrected = True,
) -> Response:
    """The timeline alone, merged anew as asked; by default as the job's config says."""
    job, timeline = services.reader.timeline(job_id, gap_ms=gap_ms, min_confidence=min_confidence, corrected=corrected)
    entries = [entry for entry in timeline if channel in (None, entry.channel)]
    data = [TimelineEntryDocument.from_entry(entry, job.recording.role) for entry in entries]
    return json_response(TimelineDocument(data=data))


@router.get(
    "/lanes", response_model=LanesDocument, responses=responses(JobNotFound, JobDeleted, ResultNotReady, NoResult)
)
def get_lanes(
    job_id: JobId,
    services: ServicesDep,
    columns: Annotated[int, Query(ge=1, le=2000, description="Stretches for each channel, at most.")] = 200,
) -> Response:
    """The timeline in little, for a picture: the emotion of most speech in each stretch of a channel."""
    job, lanes = services.reader.lanes(job_id, columns)
    data = [LaneStretchDocument.from_stretch(stretch, job.recording.role) for stretch in lanes]
    return json_response(LanesDocument(data=data))


@router.get(
    "/curve",
    response_model=CurveDocument,
    responses={
        200: {"content": {CSV: TEXT}, "description": "As JSON, or as CSV for a spreadsheet."},
        **responses(JobNotFound, JobDeleted, ResultNotReady, NoResult),
    },
)
def get_curve(
    job_id: JobId,
    services: ServicesDep,
    window_s: Annotated[
        int | None,
        Query(ge=1, le=3600, description="Seconds to smooth over; by default 3, or more for over ten minutes."),
    ] = None,
    to: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
    corrected: Corrected = True,
) -> Response:
    """The score of each emotion, valence and arousal over time, smoothed, by channel; gaps where nobody speaks.

    Valence and arousal are derived from the scores, not measured; `affect.source` has the coordinates' source.
    """
    job, result = services.reader.result(job_id, corrected=corrected)
    channels = split_channels(confident(result.segments, result.min_confidence))
    smoothed = compute_curve(channels, result.duration, window_s)
    if to == "csv":
        headers = content_disposition(job.recording.filename, "-curve.csv")
        return Response(to_curve_csv(smoothed, job.recording.role), media_type=CSV, headers=headers)
    return json_response(CurveDocument.from_curve(smoothed, job.recording.role))


@router.get(
    "/segments",
    response_model=SegmentPageDocument,
    responses=responses(JobNotFound, JobDeleted, InvalidCursor, ObjectNotFound),
)
def list_segments(
    job_id: JobId,
    services: ServicesDep,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.", max_length=16)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    set_probability: SetProbability = None,
) -> Response:
    """Segments in order of their start, a page at a time; also while the job runs, those known so far."""
    if cursor is not None and not (cursor.isascii() and cursor.isdigit()):
        raise InvalidCursor
    page = services.reader.segments(job_id, after=-1 if cursor is None else int(cursor), limit=limit)
    frame_scores = services.frame_store.segment_scores(page.job, page.segments)
    data = SegmentDocument.from_segments(
        page.segments,
        page.job.recording.role,
        partial(audio_url, job_id),
        frame_scores,
        set_probability or page.job.options.aggregation.set_probability,
    )
    next_cursor = None if page.next_index is None else str(page.next_index)
    return json_response(SegmentPageDocument(data=data, next_cursor=next_cursor))


@router.get(
    "/segments/{index}/audio",
    response_class=Response,
    responses={
        200: {"content": {"audio/flac": BINARY}, "description": "The sound, 16 kHz mono FLAC; ranges are served."},
        **responses(JobNotFound, JobDeleted, AudioDeleted, SegmentNotFound, ObjectNotFound),
    },
)
def get_segment_audio(
    job_id: JobId,
    index: SegmentIndex,
    services: ServicesDep,
    byte_range: Annotated[str | None, Header(alias="Range", include_in_schema=False)] = None,
    redirect: Annotated[
        bool, Query(deprecated=True, description="Without effect: the answer never leads to the store any more.")
    ] = True,
) -> Response:
    """The sound of a segment, to play."""
    job, sound = services.reader.segment_audio(job_id, index)
    names = content_disposition(job.recording.filename, f"-{index:03d}.flac", "inline")
    return ranged_response(sound, "audio/flac", names, byte_range)


def audio_url(job_id: str, index: int) -> str:
    """Return the path of the sound of a segment in this API."""
    return f"/v1/jobs/{job_id}/segments/{index}/audio"
