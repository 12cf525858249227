"""The contract of `shared.ports.ApiKeyStore`."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from shared.db.api_keys import SqlApiKeyStore
from shared.domain.access import ANYBODY, Caller, Scope
from shared.domain.errors import InvalidKey, KeyNotFound, Unauthorized
from shared.services.api_keys import ApiKeys
from tests.support.clock import ManualClock


@pytest.fixture
def access(engine: Engine, clock: ManualClock) -> ApiKeys:
    return ApiKeys(SqlApiKeyStore(engine), clock)


def test_without_keys_every_request_is_allowed(access: ApiKeys) -> None:
    assert access.open
    assert access.caller(None) == ANYBODY


def test_all_callers_need_a_key_once_one_exists(access: ApiKeys) -> None:
    key, secret = access.create("import", "acme", [Scope.READ])
    assert access.caller(secret) == Caller("acme", frozenset({Scope.READ}), key.id)
    assert not access.open
    with pytest.raises(Unauthorized):
        access.caller(None)
    access.revoke("acme", key.id)
    with pytest.raises(Unauthorized):  # a service whose keys were all revoked is not open again
        access.caller(None)


def test_secrets_differ_and_are_not_stored(access: ApiKeys, engine: Engine) -> None:
    keys = [access.create("import", "acme", [Scope.READ]) for _ in range(3)]
    assert len({secret for _, secret in keys}) == 3
    with engine.connect() as connection:
        rows = str(connection.exec_driver_sql("SELECT * FROM api_keys").all())
    for key, secret in keys:
        assert secret.startswith(key.prefix)
        assert len(secret) >= len(key.prefix) + 32
        assert secret not in rows


@pytest.mark.parametrize("wrong", ["", "emo_", "emo_\N{GREEK SMALL LETTER ALPHA}", "x" * 5000])
def test_an_unknown_secret_is_refused(access: ApiKeys, wrong: str) -> None:
    access.create("import", "acme", [Scope.READ])
    with pytest.raises(InvalidKey):
        access.caller(wrong)


def test_a_revoked_key_is_refused_and_listed(access: ApiKeys, clock: ManualClock) -> None:
    first, secret = access.create("first", "acme", [Scope.READ])
    second, _ = access.create("second", "acme", list(Scope))
    access.create("theirs", "other", [Scope.READ])
    clock.advance(60)
    access.revoke("acme", first.id)
    with pytest.raises(InvalidKey):
        access.caller(secret)
    keys = access.list("acme")
    assert [key.id for key in keys] == [second.id, first.id]
    assert keys[0] == second
    assert keys[1].revoked_at == clock.now()


def test_a_key_is_revoked_once_and_by_its_own_tenant(access: ApiKeys) -> None:
    key, secret = access.create("import", "acme", [Scope.READ])
    with pytest.raises(KeyNotFound):
        access.revoke("other", key.id)
    assert access.caller(secret).tenant == "acme"
    access.revoke("acme", key.id)
    with pytest.raises(KeyNotFound):
        access.revoke("acme", key.id)
