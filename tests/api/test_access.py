"""API keys, scopes and tenants on every route."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from shared.container import Services
from shared.domain.access import Scope
from tests.support.api_client import assert_problem, bearer, post_raw, secret_of
from tests.support.api_routes import OPEN, refusal, request_route, routes, status_and_code


def test_every_route_needs_a_key_as_soon_as_there_is_one(client: TestClient, services: Services) -> None:
    assert client.get("/v1/jobs").status_code == 200
    secret_of(services, "acme")
    with TestClient(create_app(services, ["testserver"])) as restarted:  # it has no callers in its cache
        answers = [
            (method, path, request_route(restarted, method, path, None))
            for method, path in routes(restarted)
            if path not in OPEN
        ]
        assert len(answers) > 10
        for method, path, answer in answers:
            assert status_and_code(answer) == refusal(method, 401, "unauthorized"), (method, path)
            assert answer.headers["www-authenticate"] == "Bearer"
        for path in ("/livez", "/readyz"):
            assert restarted.get(path).status_code == 200


def test_a_wrong_key_is_refused_even_if_no_key_is_needed(client: TestClient) -> None:
    for method, path in routes(client):
        if path not in OPEN:
            answer = request_route(client, method, path, "emo_wrong")
            assert status_and_code(answer) == refusal(method, 401, "invalid_key"), (method, path)


def test_a_key_may_come_in_either_header(client: TestClient, services: Services) -> None:
    secret = secret_of(services, "acme")
    assert client.get("/v1/jobs", headers=bearer(secret)).status_code == 200
    assert client.get("/v1/jobs", headers={"X-API-Key": secret}).status_code == 200


def test_the_job_of_another_tenant_is_not_found_on_any_route_even_if_deleted(
    client: TestClient, services: Services
) -> None:
    ours, theirs = secret_of(services, "acme"), secret_of(services, "other")
    client.headers.update(bearer(ours))
    job_id, deleted = (str(post_raw(client).json()["id"]) for _ in range(2))
    assert client.delete(f"/v1/jobs/{deleted}").status_code == 204
    with_ids = [(method, path) for method, path in routes(client) if "{job_id}" in path]
    assert len(with_ids) >= 9
    for method, path in with_ids:
        for foreign in (job_id, deleted):
            assert_problem(request_route(client, method, path, theirs, job_id=foreign), 404, "job_not_found")
    assert client.get("/v1/jobs", headers=bearer(theirs)).json()["data"] == []
    assert [job["id"] for job in client.get("/v1/jobs").json()["data"]] == [job_id]
    assert client.get(f"/v1/jobs/{job_id}").json()["status"] == "queued"
    assert client.get(f"/v1/jobs/{deleted}").status_code == 410


def test_a_key_for_reading_writes_nothing_and_a_key_for_writing_reads_nothing(
    client: TestClient, services: Services
) -> None:
    reader, writer = secret_of(services, "acme", Scope.READ), secret_of(services, "acme", Scope.WRITE)
    for method, path in routes(client):
        if path in OPEN:
            continue
        # To read an upload is to learn where to write.
        allowed = reader if method == "GET" and not path.startswith("/v1/uploads") else writer
        wrong = writer if allowed is reader else reader
        answer = request_route(client, method, path, wrong)
        assert status_and_code(answer) == refusal(method, 403, "missing_scope"), (method, path)
        managed = path.startswith("/v1/keys")
        assert (request_route(client, method, path, allowed).status_code == 403) is managed, (method, path)


def test_keys_are_made_listed_and_revoked_over_the_api(client: TestClient, services: Services) -> None:
    client.headers.update(bearer(secret_of(services, "acme")))
    answer = client.post("/v1/keys", json={"name": "nightly import"})
    assert answer.status_code == 201
    key = answer.json()
    assert re.fullmatch(r"emo_[\w-]{43}", key["secret"])
    assert (key["tenant"], sorted(key["scopes"])) == ("acme", ["read", "write"])
    listed = client.get("/v1/keys").json()["data"]
    assert [listed_key["name"] for listed_key in listed] == ["nightly import", "test"]
    assert "secret" not in listed[0]
    assert client.delete(f"/v1/keys/{key['id']}").status_code == 204
    assert_problem(client.delete(f"/v1/keys/{key['id']}"), 404, "key_not_found")
    assert client.get("/v1/keys").json()["data"][0]["revoked_at"] is not None


def test_a_key_cannot_make_a_key_with_more_scopes(client: TestClient, services: Services) -> None:
    client.headers.update(bearer(secret_of(services, "acme", Scope.KEYS, Scope.READ)))
    assert client.post("/v1/keys", json={"name": "x", "scopes": ["read"]}).status_code == 201
    assert_problem(client.post("/v1/keys", json={"name": "x", "scopes": ["write"]}), 403, "missing_scope")


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": "x", "scopes": []}, {"name": "x", "scopes": ["all"]}])
def test_a_key_without_a_name_or_scopes_is_refused(client: TestClient, body: dict[str, Any]) -> None:
    assert_problem(client.post("/v1/keys", json=body), 422, "invalid_request")


def test_keys_of_another_tenant_cannot_be_revoked(client: TestClient, services: Services) -> None:
    key, secret = services.api_keys.create("theirs", "other", list(Scope))
    answer = client.delete(f"/v1/keys/{key.id}", headers=bearer(secret_of(services, "acme")))
    assert_problem(answer, 404, "key_not_found")
    assert services.api_keys.caller(secret).tenant == "other"
