"""A policy refuses jobs on every way in, and what jobs say of their purpose is kept."""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import typer
from fastapi.testclient import TestClient
from httpx2 import Response

from api.app import create_app
from cli.options import check_policy
from shared.adapters.local_wake_ups import LocalWakeUps
from shared.container import Services, open_services
from shared.domain.errors import RoleBarred
from shared.domain.options import JobOptions
from shared.domain.policy import Policy
from shared.settings import Settings
from tests.support.api_client import (
    UNKNOWN,
    WAV,
    assert_problem,
    bearer,
    post_form,
    post_raw,
    secret_of,
    stored_files,
)
from tests.support.upload_parts import begin_upload, put_part

URL = "https://calls.example/call.wav"
TUS = {"Tus-Resumable": "1.0.0"}
TOLD = {"purpose": "Find upset customers", "legal_basis": "Consent"}
CUSTOMER = {"channels": "split", "roles": ["agent", "customer"], "analyse": ["customer"]}

Config = dict[str, Any]


def by_form(client: TestClient, config: Config) -> Response:
    return post_form(client, config=json.dumps(config))


def by_raw_body(client: TestClient, config: Config) -> Response:
    return post_raw(client, config=json.dumps(config))


def by_url(client: TestClient, config: Config) -> Response:
    return client.post("/v1/jobs", json={"source": {"url": URL}} | config)


def by_parts(client: TestClient, config: Config) -> Response:
    upload = begin_upload(client, WAV)
    for part in upload["parts"]:
        put_part(client, part, WAV)
    return client.post("/v1/jobs", json={"source": {"upload_id": upload["id"]}} | config)


def by_tus(client: TestClient, config: Config) -> Response:
    name = f"filename {base64.b64encode(b'call.wav').decode()}"
    headers = TUS | {"Upload-Length": str(len(WAV)), "Upload-Metadata": name}
    place = client.post("/v1/uploads/tus", headers=headers).headers["location"]
    sent = TUS | {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    assert client.patch(place, content=WAV, headers=sent).status_code == 204
    return client.post("/v1/jobs", json={"source": {"upload_id": place.rpartition("/")[2]}} | config)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """A service that bars agents, and with the tenant `strict`, whose jobs need a purpose too."""
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("policy"),
        barred_roles=["Agent"],
        tenant_policies={"strict": Policy(require_purpose=True, barred_roles=("trainee",))},
    )
    with open_services(settings, LocalWakeUps()) as services:
        yield services


@pytest.fixture(scope="module")
def tenants(service: Services) -> Iterator[tuple[TestClient, TestClient]]:
    """Clients of `strict` and of another tenant."""
    app = create_app(service, ["testserver"])
    strict, other = (TestClient(app, headers=bearer(secret_of(service, tenant))) for tenant in ("strict", "other"))
    with strict, other:
        yield strict, other


@pytest.mark.parametrize("way", [by_form, by_raw_body, by_url, by_parts, by_tus])
def test_jobs_that_break_the_policy_of_their_tenant_are_refused_on_every_way_in(
    tenants: tuple[TestClient, TestClient], way: Callable[[TestClient, Config], Response]
) -> None:
    strict, other = tenants
    before = strict.get("/v1/jobs").json()["data"]
    assert_problem(way(strict, CUSTOMER), 422, "purpose_missing")
    assert_problem(way(strict, CUSTOMER | {"purpose": "Training"}), 422, "purpose_missing")
    trainee = {"channels": "split", "roles": ["trainee"]}
    assert_problem(way(strict, TOLD | trainee), 422, "role_barred")
    for client in tenants:
        refused = assert_problem(way(client, TOLD | {"roles": ["agent"]}), 422, "role_barred")
        assert "may not be analysed" in refused["detail"]
        assert_problem(way(client, TOLD), 422, "role_barred")
    assert strict.get("/v1/jobs").json()["data"] == before
    accepted = way(strict, TOLD | CUSTOMER)
    assert accepted.status_code == 202
    shown = strict.get(accepted.headers["location"]).json()["config"]
    assert {name: shown[name] for name in TOLD} == TOLD
    assert [way(other, config).status_code for config in (CUSTOMER, trainee)] == [202, 202]


def test_a_job_of_a_batch_that_breaks_it_is_an_error_in_its_place(tenants: tuple[TestClient, TestClient]) -> None:
    jobs = [{"source": {"url": URL}} | CUSTOMER | config for config in (TOLD, {})]
    for client, codes in zip(tenants, ([None, "purpose_missing"], [None, None]), strict=True):
        items = client.post("/v1/batches", json={"jobs": jobs}).json()["items"]
        assert [(item["error"] or {}).get("code") for item in items] == codes
    batch = tenants[0].post("/v1/batches", json={"jobs": jobs[1:], "defaults": TOLD})
    assert batch.json()["items"][0]["error"] is None


def test_a_refused_recording_leaves_nothing_in_the_store(
    service: Services, tenants: tuple[TestClient, TestClient]
) -> None:
    before = stored_files(service)
    assert_problem(by_form(tenants[0], CUSTOMER), 422, "purpose_missing")
    assert stored_files(service) == before


def test_the_command_line_keeps_the_policy_of_requests_without_a_key(capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings(tenant_policies={"default": Policy(require_purpose=True), "acme": Policy(False, ("agent",))})
    check_policy(settings, JobOptions(roles=("agent",), purpose="Training", legal_basis="Consent"))
    with pytest.raises(typer.Exit):
        check_policy(settings, JobOptions())
    assert "purpose" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "barred"),
    [
        (JobOptions(channels="split", roles=("agent", "customer"), analyse=("customer",)), False),
        (JobOptions(channels="split", roles=("agent", "customer"), analyse=(1,)), False),
        (JobOptions(roles=("customer",)), False),
        (JobOptions(roles=("agent", "customer"), analyse=("customer",)), True),  # `auto` may mix them
        (JobOptions(channels="split", roles=("AGENT", "customer"), analyse=(0, 1)), True),
        (JobOptions(channels="mix", roles=("agent",)), True),
        (JobOptions(), True),
    ],
)
def test_a_barred_role_is_found_however_its_channel_is_named(options: JobOptions, barred: bool) -> None:
    policy = Policy(barred_roles=("agent",))
    if barred:
        with pytest.raises(RoleBarred):
            policy.check(options)
    else:
        policy.check(options)


def test_the_record_of_use_has_a_row_for_each_job_and_a_deletion_its_certificate(
    client: TestClient, services: Services
) -> None:
    told, plain = (by_form(client, config).json()["id"] for config in (TOLD | CUSTOMER | {"purpose": "=1+1"}, {}))
    answer = client.get("/v1/record-of-use")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = {row["job_id"]: row for row in csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))}
    assert set(rows) == {told, plain}
    assert (rows[told]["purpose"], rows[told]["legal_basis"], rows[told]["analyse"]) == ("'=1+1", "Consent", "customer")
    assert (rows[plain]["purpose"], rows[plain]["analyse"], rows[plain]["status"]) == ("", "all", "queued")
    assert_problem(client.get(f"/v1/jobs/{told}/deletion"), 409, "job_not_deleted")
    assert_problem(client.get(f"/v1/jobs/{UNKNOWN}/deletion"), 404, "job_not_found")
    assert client.delete(f"/v1/jobs/{told}").status_code == 204
    certificate = client.get(f"/v1/jobs/{told}/deletion").json()
    assert (certificate["job_id"], certificate["complete"]) == (told, False)  # until the sweep has looked again
    services.ports.housekeeping.mark_purged(told)
    assert client.get(f"/v1/jobs/{told}/deletion").json()["complete"]
    assert told not in client.get("/v1/record-of-use").text
