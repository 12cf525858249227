"""Scores of each frame of a job's recording, and embeddings of its segments."""

from __future__ import annotations

import io
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Request, Response
from numpy.typing import NDArray

from api.content_negotiation import JSON, NPZ, json_response, negotiate_media_type, npz_response
from api.dependencies import JobId, ServicesDep
from api.errors import responses
from shared.domain.errors import (
    JobDeleted,
    JobNotFound,
    NoEmbeddings,
    NoResult,
    NotAcceptable,
    ObjectNotFound,
    ResultNotReady,
)
from shared.schemas.frames import FramesDocument

router = APIRouter(prefix="/v1/jobs/{job_id}", tags=["results"])

_MAX_MS = 10**10
"""115 days: later than any recording ends."""
_BINARY = {"schema": {"type": "string", "format": "binary"}}


@router.get(
    "/frames",
    response_model=FramesDocument,
    responses={
        200: {
            "content": {NPZ: _BINARY},
            "description": "With `Accept: application/x-npz` arrays for `numpy.load`: `start_ms`, `channel` and "
            "`segment` [n], `scores` [n, labels], `labels`.",
        },
        **responses(JobNotFound, JobDeleted, ResultNotReady, NoResult, NotAcceptable, ObjectNotFound),
    },
)
def frames(
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
    job, grid = services.frame_store.grid(job_id, hop_ms, channel, range(start_ms, end_ms))
    if media_type == NPZ:
        arrays: dict[str, NDArray[Any]] = {
            "start_ms": grid.start_ms,
            "channel": grid.channel,
            "segment": grid.segment,
            "scores": grid.scores,
            "labels": np.array(grid.labels, np.str_),
        }
        return npz_response(f"{job_id}-frames.npz", ((name, _npy(array)) for name, array in arrays.items()))
    return json_response(FramesDocument.from_grid(grid, job.recording.role))


@router.get(
    "/embeddings",
    response_class=Response,
    responses={
        200: {
            "content": {NPZ: _BINARY},
            "description": "Arrays for `numpy.load`, one for each scored segment, named by its index as `000012`: "
            "[dim], or [frames, dim] where the config says `frame`.",
        },
        **responses(JobNotFound, JobDeleted, NoEmbeddings, ResultNotReady, NoResult),
    },
)
def embeddings(job_id: JobId, services: ServicesDep) -> Response:
    """The embeddings of the segments, where the job's config asked for them."""
    embedded = services.frame_store.embeddings(job_id)
    return npz_response(f"{job_id}-embeddings.npz", ((f"{index:06d}", content) for index, content in embedded))


def _npy(array: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()
