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


def test_a_share_link_expires_and_is_no_key(access: ApiKeys, clock: ManualClock) -> None:
    share, secret = access.share("acme", "job_1", "coach", 60)
    assert access.open
    assert access.caller(secret) == Caller("acme", frozenset({Scope.READ}), share.id, "job_1")
    assert (access.list("acme"), [each.id for each in access.shares("acme", "job_1")]) == ([], [share.id])
    assert access.shares("other", "job_1") == []
    ticket = access.ticket(access.caller(secret), "job_1")
    assert ticket
    assert access.caller_of_ticket(ticket, "job_1").job_id == "job_1"
    clock.advance(61)
    with pytest.raises(InvalidKey):
        access.caller(secret)
    with pytest.raises(InvalidKey):  # a ticket lives no longer than what it stands for
        access.caller_of_ticket(ticket, "job_1")
