"""Links that share one call."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, status

from api.dependencies import CallerDep, JobId, ServicesDep
from api.errors import responses
from api.jobs.json_text import JsonRoute
from shared.domain.errors import JobDeleted, JobNotFound
from shared.domain.ids import is_id
from shared.domain.playback_errors import ShareNotFound
from shared.schemas.playback import NewShareDocument, ShareDocument, SharePageDocument, ShareRequest

router = APIRouter(prefix="/v1/jobs/{job_id}/shares", tags=["results"], route_class=JsonRoute)


@router.post("", status_code=status.HTTP_201_CREATED, responses=responses(JobNotFound, JobDeleted))
def share_job(job_id: JobId, body: ShareRequest, services: ServicesDep, caller: CallerDep) -> NewShareDocument:
    """Makes a link to one call for people without a key: they may look and listen until it expires or is revoked."""
    services.jobs.get(job_id)
    key, secret = services.api_keys.share(caller.tenant, job_id, body.name, body.lasts_s)
    return NewShareDocument.from_key(key, secret=secret, url=f"/#/shared/{secret}/{job_id}")


@router.get("", responses=responses(JobNotFound, JobDeleted))
def list_shares(job_id: JobId, services: ServicesDep, caller: CallerDep) -> SharePageDocument:
    """The share links of a job, newest first, with those that were revoked or have expired."""
    caller.check_job(None)  # whoever was shared a call learns of no others
    services.jobs.get(job_id)
    keys = services.api_keys.shares(caller.tenant, job_id)
    return SharePageDocument(data=[ShareDocument.from_key(key) for key in keys])


@router.delete(
    "/{share_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=responses(JobNotFound, JobDeleted, ShareNotFound),
)
def revoke_share(
    job_id: JobId, share_id: Annotated[str, Path(max_length=64)], services: ServicesDep, caller: CallerDep
) -> None:
    """Revokes a share link: within ten seconds nobody can use it."""
    services.jobs.get(job_id)
    if not is_id("shr", share_id):
        raise ShareNotFound
    services.api_keys.revoke_share(caller.tenant, share_id)
