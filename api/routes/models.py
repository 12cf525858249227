"""Models that the workers run or have run."""

from __future__ import annotations

from fastapi import APIRouter

from api.dependencies import ServicesDep
from api.errors import responses
from shared.schemas.models import ModelPageDocument, RunModelDocument

router = APIRouter(prefix="/v1/models", tags=["models"])


@router.get("", responses=responses())
def list_models(services: ServicesDep) -> ModelPageDocument:
    """What the workers run or have run, the last first: labels, hashes, and what to know of each. None until a worker
    has loaded one."""
    return ModelPageDocument(
        data=[RunModelDocument.from_run_model(model) for model in services.ports.model_registry.all()]
    )
