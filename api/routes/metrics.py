"""Figures for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.media_types import TEXT
from api.metrics import exposition

router = APIRouter(tags=["health"])


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": TEXT}, "description": "Prometheus' format."}},
)
def get_metrics(request: Request) -> Response:
    """Figures of the service for Prometheus, in its own format or OpenMetrics. They tell nothing of any job."""
    content, media_type = exposition(request.app.state.metrics, request.headers.get("accept", ""))
    return Response(content, media_type=media_type)
