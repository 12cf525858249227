"""A policy refuses jobs on every way in, and what jobs say of their purpose is kept."""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from api.app import create_app
from shared.adapters.local_wake_ups import LocalWakeUps
from shared.container import Services, open_services
from shared.domain.errors import RoleBarred
from shared.domain.options import JobOptions
from shared.domain.policy import Policy
from shared.settings import Settings
from tests.support.api_client import UNKNOWN, WAV, assert_problem, post_form, post_raw, stored_files
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


@contextmanager
def service(folder: Path, **settings: Any) -> Iterator[TestClient]:
    with (
        open_services(Settings(data_dir=folder, **settings), LocalWakeUps()) as services,
        TestClient(create_app(services, ["testserver"])) as client,
    ):
        yield client


@pytest.mark.parametrize("way", [by_form, by_raw_body, by_url, by_parts, by_tus])
def test_jobs_that_break_the_policy_are_refused_on_every_way_in(
    tmp_path: Path, way: Callable[[TestClient, Config], Response]
) -> None:
    with service(tmp_path, require_purpose=True, barred_roles=["Agent"]) as client:
        assert_problem(way(client, CUSTOMER), 422, "purpose_missing")
        assert_problem(way(client, CUSTOMER | {"purpose": "Training"}), 422, "purpose_missing")
        assert (
            "may not be analysed"
            in assert_problem(way(client, TOLD | {"roles": ["agent"]}), 422, "role_barred")["detail"]
        )
        assert_problem(way(client, TOLD), 422, "role_barred")
        assert client.get("/v1/jobs").json()["data"] == []
        accepted = way(client, TOLD | CUSTOMER)
        assert accepted.status_code == 202
        shown = client.get(accepted.headers["location"]).json()["config"]
        assert {name: shown[name] for name in TOLD} == TOLD


def test_a_job_of_a_batch_that_breaks_it_is_an_error_in_its_place(tmp_path: Path) -> None:
    with service(tmp_path, require_purpose=True) as client:
        jobs = [{"source": {"url": URL}} | config for config in (TOLD, {})]
        items = client.post("/v1/batches", json={"jobs": jobs}).json()["items"]
        assert [(item["error"] or {}).get("code") for item in items] == [None, "purpose_missing"]
        batch = client.post("/v1/batches", json={"jobs": [{"source": {"url": URL}}], "defaults": TOLD})
        assert batch.json()["items"][0]["error"] is None


def test_a_refused_recording_leaves_nothing_in_the_store(tmp_path: Path) -> None:
    with open_services(Settings(data_dir=tmp_path, require_purpose=True), LocalWakeUps()) as services:
        with TestClient(create_app(services, ["testserver"])) as client:
            assert_problem(by_form(client, {}), 422, "purpose_missing")
        assert stored_files(services) == []


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
