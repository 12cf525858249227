"""Health: whether the service is alive, and whether it is ready for work."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.threads import QuickThreads
from shared.schemas.health import HealthDocument

router = APIRouter(tags=["health"])


@router.get("/livez")
async def check_life() -> HealthDocument:
    """Answers as long as the process does."""
    return HealthDocument(status="ok", problems=[])


@router.get("/readyz", responses={503: {"model": HealthDocument, "description": "Not ready; `problems` says why."}})
async def check_readiness(request: Request, response: Response) -> HealthDocument:
    """Whether recordings can be taken and analysed now."""
    threads: QuickThreads = request.app.state.health_threads
    problems = [problem for check in request.app.state.checks if (problem := await threads.run(check))]
    if problems:
        response.status_code = 503
    return HealthDocument(status="unready" if problems else "ready", problems=problems)
