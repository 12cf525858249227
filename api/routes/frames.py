"""Scores of each frame of a job's recording, and embeddings of its segments."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Request, Response
from numpy.lib.format import dtype_to_descr, write_array_header_1_0
from numpy.typing import NDArray

from api.content_negotiation import JSON, NPZ, negotiate_media_type, npz_response, streamed_json
from api.dependencies import JobId, ServicesDep
from api.errors import responses
from api.file_names import content_disposition
from api.media_types import BINARY
from shared.domain.errors import (
    JobDeleted,
    JobNotFound,
    NoEmbeddings,
    NoResult,
    NotAcceptable,
    ObjectNotFound,
    ResultNotReady,
)
from shared.domain.job import Job
from shared.frame_scores import Grid, LongGrid
from shared.schemas.frames import FramesDocument, frames_json

router = APIRouter(prefix="/v1/jobs/{job_id}", tags=["results"])

_MAX_MS = 10**10
"""115 days: later than any recording ends."""


@router.get(
    "/frames",
    response_model=FramesDocument,
    responses={
        200: {
            "content": {NPZ: BINARY},
            "description": "With `Accept: application/x-npz` arrays for `numpy.load`: `start_ms`, `channel` and "
            "`segment` [n], `scores` [n, labels], `labels`.",
        },
        **responses(JobNotFound, JobDeleted, ResultNotReady, NoResult, NotAcceptable, ObjectNotFound),
    },
)
def get_frames(
    request: Request,
    job_id: JobId,
    services: ServicesDep,
    hop_ms: Annotated[int, Query(ge=20, le=1000, multiple_of=20, description="Length of a bin.")] = 100,
    channel: Annotated[int | None, Query(ge=0, le=63, description="Only this channel.")] = None,
    start_ms: Annotated[int, Query(ge=0, le=_MAX_MS, description="Only bins that begin here or later.")] = 0,
    end_ms: Annotated[int, Query(ge=0, le=_MAX_MS, description="Only bins that begin before this.")] = _MAX_MS,
) -> Response:
    """Scores on a grid: bin k covers [k * hop_ms, (k + 1) * hop_ms) of the recording; bins without speech are left out.

    A bin's scores are the softmax of the mean logits of the frames of 20 ms that begin in it.
    """
    media_type = negotiate_media_type(request, NPZ, JSON)
    within_ms = range(start_ms, end_ms)

    def parts_of(only: int | None) -> tuple[Job, tuple[str, ...], Iterator[Grid]]:
        return services.frame_store.grid_parts(job_id, hop_ms, only, within_ms)

    job, labels, parts = parts_of(channel)
    # All of it is loaded before the response begins, which may be an error.
    grid = LongGrid(parts, lambda of_channel: parts_of(of_channel)[2])
    if media_type == NPZ:
        names = content_disposition(job.recording.filename, "-frames.npz")
        return npz_response(names, frame_arrays(grid, hop_ms, labels))
    return streamed_json(frames_json(grid, hop_ms, labels, job.recording.role))


@router.get(
    "/embeddings",
    response_class=Response,
    responses={
        200: {
            "content": {NPZ: BINARY},
            "description": "Arrays for `numpy.load`, one for each scored segment, named by its index as `000012`: "
            "[dim], or [frames, dim] where the config says `frame`.",
        },
        **responses(JobNotFound, JobDeleted, NoEmbeddings, ResultNotReady, NoResult),
    },
)
def get_embeddings(job_id: JobId, services: ServicesDep) -> Response:
    """The embeddings of the segments, where the job's config asked for them."""
    job, embedded = services.frame_store.embeddings(job_id)
    names = content_disposition(job.recording.filename, "-embeddings.npz")
    return npz_response(names, ((f"{index:06d}", content) for index, content in embedded))


def frame_arrays(grid: LongGrid, hop_ms: int, labels: Sequence[str]) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Yield the arrays of a grid by name, each as the pieces of a `.npy` file."""
    channels, length = grid.channels, grid.length
    starts = (numbers * hop_ms for channel in channels for numbers, _ in grid.bins(channel))
    yield "start_ms", npy(np.int64, (length,), starts)
    of_channel = (np.full(len(numbers), channel) for channel in channels for numbers, _ in grid.bins(channel))
    yield "channel", npy(np.int64, (length,), of_channel)
    segments = (segments for channel in channels for _, segments in grid.bins(channel))
    yield "segment", npy(np.int64, (length,), segments)
    scores = (scores for channel in channels for scores in grid.scores(channel))
    yield "scores", npy(np.float32, (length, len(labels)), scores)
    names = np.array(labels, np.str_)
    yield "labels", npy(names.dtype, names.shape, [names])


def npy(dtype: Any, shape: tuple[int, ...], parts: Iterable[NDArray[Any]]) -> Iterator[bytes]:
    """Yield a `.npy` file of an array that comes in parts."""
    header = io.BytesIO()
    description = {"descr": dtype_to_descr(np.dtype(dtype)), "fortran_order": False, "shape": shape}
    write_array_header_1_0(header, description)
    yield header.getvalue()
    for part in parts:
        yield part.astype(dtype).tobytes()
