"""API keys of the caller's tenant."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, status

from api.dependencies import ApiKeysDep, CallerDep
from api.errors import responses
from api.jobs.json_text import JsonRoute
from shared.domain.errors import KeyNotFound
from shared.domain.ids import is_id
from shared.schemas.api_keys import KeyDocument, KeyPageDocument, KeyRequest, NewKeyDocument

router = APIRouter(prefix="/v1/keys", tags=["keys"], route_class=JsonRoute)


@router.post("", status_code=status.HTTP_201_CREATED, responses=responses())
def create_key(body: KeyRequest, api_keys: ApiKeysDep, caller: CallerDep) -> NewKeyDocument:
    """Makes a key. Its secret is in this answer and nowhere else. A key allows no more than the one that made it.

    As soon as there is a first key, every request needs one.
    """
    caller.check(body.scopes)
    key, secret = api_keys.create(body.name, caller.tenant, body.scopes)
    return NewKeyDocument.from_key(key, secret=secret)


@router.get("", responses=responses())
def list_keys(api_keys: ApiKeysDep, caller: CallerDep) -> KeyPageDocument:
    """The tenant's keys, newest first, those that were revoked too."""
    return KeyPageDocument(data=[KeyDocument.from_key(key) for key in api_keys.list(caller.tenant)])


@router.delete("/{key_id}", status_code=status.HTTP_204_NO_CONTENT, responses=responses(KeyNotFound))
def revoke_key(key_id: Annotated[str, Path(max_length=64)], api_keys: ApiKeysDep, caller: CallerDep) -> None:
    """Revokes a key: within ten seconds nobody can use it."""
    if not is_id("key", key_id):
        raise KeyNotFound
    api_keys.revoke(caller.tenant, key_id)
