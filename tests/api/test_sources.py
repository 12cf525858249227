"""Jobs of recordings that are downloaded from a URL, and batches of them in one request."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.container import Services
from shared.domain.job import JobState
from shared.domain.options import JobOptions
from tests.support.api_client import assert_problem, bearer, post_raw, secret_of, stored_files
from tests.support.hostile_urls import TRICKS

URL = "https://calls.example/2026/monday.mp3"
SOURCE = {"source": {"url": URL}}
KEY = {"Idempotency-Key": "order-17"}
UNKNOWN = "batch_00000000-0000-7000-8000-000000000000"


def post(client: TestClient, body: Any = SOURCE, **headers: str) -> Response:
    return client.post("/v1/jobs", json=body, headers=headers)


def post_batch(client: TestClient, *jobs: Any, **fields: Any) -> Response:
    return client.post("/v1/batches", json={"jobs": jobs, **fields})


def item(number: int, **config: Any) -> dict[str, Any]:
    return {"source": {"url": f"https://calls.example/{number}.mp3"}, **config}


def test_a_url_is_taken_at_once_and_shown_without_its_query(client: TestClient, services: Services) -> None:
    body = {"source": {"url": f"{URL}?X-Signature=5ecre7#part"}, "channels": "mix", "metadata": {"case": "7"}}
    answer = post(client, body)
    job = answer.json()
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/v1/jobs/{job['id']}" == job["links"]["self"]
    assert (job["status"], job["batch_id"], job["error"]) == ("queued", None, None)
    audio = job["audio"]
    assert (audio["url"], audio["filename"], audio["size_bytes"], audio["sha256"]) == (URL, "monday.mp3", None, None)
    assert (job["config"]["channels"], job["config"]["metadata"]) == ("mix", {"case": "7"})
    for text in (answer.text, client.get(answer.headers["Location"]).text, client.get("/v1/jobs").text):
        assert "5ecre7" not in text
    assert client.get(answer.headers["Location"]).json() == job
    assert stored_files(services) == []


def test_a_filename_may_be_given(standing_client: TestClient) -> None:
    assert (
        post(standing_client, {**SOURCE, "filename": "../../calls/Grüße.mp3"}).json()["audio"]["filename"]
        == "Grüße.mp3"
    )


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=utf-8"])
def test_the_content_type_says_that_it_is_json(standing_client: TestClient, content_type: str) -> None:
    answer = standing_client.post("/v1/jobs", content=json.dumps(SOURCE), headers={"Content-Type": content_type})
    assert answer.status_code == 202


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"", "body"),
        (b"{", "body"),
        (b"\xff\xfe", "body"),
        (b"[]", "body"),
        (b"null", "body"),
        (b"[" * 100_000, "body"),
        (b"{}", "source"),
        (b'{"source": null}', "source"),
        (b'{"source": "https://calls.example/"}', "source"),
        (b'{"source": {}}', "source"),
        (b'{"source": {"url": "https://calls.example/", "upload_id": "upl_1"}}', "source"),
        (b'{"source": {"url": 5}}', "source.url"),
        (b'{"source": {"url": ""}}', "source.url"),
        (b'{"source": {"url": "\\ud83d"}}', "body"),
        (b'{"source": {"url": "https://calls.example/\\u0000"}}', "source.url"),
        (b'{"source": {"url": "https://calls.example/", "headers": {}}}', "source.headers"),
        (b'{"source": {"url": "https://calls.example/"}, "filename": 1}', "filename"),
        (b'{"source": {"url": "https://calls.example/"}, "filename": "%s"}' % (b"x" * 2_000), "filename"),
        (b'{"source": {"url": "https://me:secret@calls.example/"}}', "user name or a password"),
    ],
)
def test_an_invalid_body_is_refused_with_the_name_of_the_field(
    standing_client: TestClient, body: bytes, named: str
) -> None:
    before = standing_client.get("/v1/jobs").json()["data"]
    answer = standing_client.post("/v1/jobs", content=body, headers={"Content-Type": "application/json"})
    assert named in assert_problem(answer, 422, "invalid_request")["detail"]
    assert standing_client.get("/v1/jobs").json()["data"] == before


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ('"chanels": "mix"', "chanels"),
        ('"deadline_s": 0', "deadline_s"),
        ('"deadline_s": 1e400', "deadline_s"),
        ('"deadline_s": NaN', "deadline_s"),
        (f'"deadline_s": 1{"0" * 4_000}', "deadline_s"),
        (f'"retention": {{"audio_s": 1{"0" * 4_000}}}', "audio_s"),
        ('"segmentation": {"max_ms": 30000}', "segmentation.max_ms"),
        ('"segmentation": {"silence_db": NaN}', "segmentation.silence_db"),
        ('"segmentation": []', "segmentation"),
        ('"analyse": [false]', "analyse"),
        ('"deadline_s": true', "deadline_s"),
        ('"segmentation": {"strict": 1}', "segmentation.strict"),
        ('"__class__": 1', "__class__"),
        ('"model_config": {}', "model_config"),
    ],
)
def test_an_invalid_config_is_refused_with_the_name_of_the_field(
    standing_client: TestClient, config: str, named: str
) -> None:
    body = f'{{"source": {{"url": "{URL}"}}, {config}}}'
    answer = standing_client.post("/v1/jobs", content=body, headers={"Content-Type": "application/json"})
    assert named in assert_problem(answer, 422, "invalid_config")["detail"]


NAMES = ["source", "filename", "jobs", "defaults", *(field.name for field in fields(JobOptions))]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([URL, "mix", "frame", "low"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*NAMES, "url"]) | st.text(), inner),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from(NAMES), ANYTHING, max_size=4), st.booleans(), st.sampled_from(["jobs", "batches"])
)
@settings(max_examples=150)
def test_any_json_is_accepted_or_refused_with_a_code(
    standing_client: TestClient, body: dict[str, Any], usable: bool, collection: str
) -> None:
    job = {**body, **SOURCE} if usable else body
    sent = json.dumps({"jobs": [job]} if usable and collection == "batches" else job).encode(errors="surrogatepass")
    answer = standing_client.post(f"/v1/{collection}", content=sent, headers={"Content-Type": "application/json"})
    assert answer.status_code in (202, 404, 422), answer.text
    assert answer.status_code == 202 or answer.json()["code"] in (
        "invalid_request",
        "invalid_config",
        "endpoint_not_found",
    )


@pytest.mark.parametrize("trick", TRICKS)
def test_an_ambiguous_url_is_refused_or_becomes_a_job(standing_client: TestClient, trick: str) -> None:
    url = trick.replace("{own}", "127.0.0.1:80").replace("{port}", "80")
    answer = post(standing_client, {"source": {"url": url}})
    if answer.status_code != 202:
        assert_problem(answer, 422, "invalid_request")


def test_a_body_has_a_limit(standing_client: TestClient) -> None:
    answer = standing_client.post("/v1/jobs", content=b" " * (9 << 20), headers={"Content-Type": "application/json"})
    assert_problem(answer, 413, "body_too_large")


def test_the_same_url_and_config_give_the_same_job_even_after_the_download(
    client: TestClient, services: Services
) -> None:
    first = post(client, **KEY).json()
    assert post(client, **KEY).json() == first
    claim = services.ports.work_queue.claim_preparation()
    assert claim
    services.ports.work_queue.save(claim, claim.job.evolve(recording=claim.job.recording.without_url()))
    assert post(client, **KEY).json()["id"] == first["id"]
    for changed in ({"source": {"url": f"{URL}?v=2"}}, {**SOURCE, "priority": "low"}):
        assert_problem(post(client, changed, **KEY), 422, "idempotency_mismatch")
    answer = client.post("/v1/jobs", content=b"RIFF" + bytes(99), headers=KEY)
    assert_problem(answer, 422, "idempotency_mismatch")
    assert stored_files(services) == []


def test_an_unknown_webhook_endpoint_is_refused(standing_client: TestClient) -> None:
    body = {**SOURCE, "webhook_endpoint_id": UNKNOWN.replace("batch_", "whe_")}
    assert_problem(post(standing_client, body), 404, "endpoint_not_found")


def test_the_api_document_describes_the_bodies_and_its_references_resolve(standing_client: TestClient) -> None:
    document = standing_client.get("/openapi.json").json()
    bodies = document["paths"]["/v1/jobs"]["post"]["requestBody"]["content"]
    schema = bodies["application/json"]["schema"]
    assert schema["required"] == ["source"]
    assert {"source", "filename", "channels", "deadline_s", "metadata"} <= set(schema["properties"])
    for name in refs(document):
        node: Any = document
        for part in name.removeprefix("#/").split("/"):
            node = node[part]


def refs(node: Any) -> Iterator[str]:
    """Yield every reference in a document."""
    if isinstance(node, dict):
        yield from ([node["$ref"]] if isinstance(node.get("$ref"), str) else [])
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else []:
        yield from refs(child)


def test_valid_and_invalid_jobs_of_a_batch_are_reported_in_order(client: TestClient) -> None:
    endpoint = UNKNOWN.replace("batch_", "whe_")
    answer = post_batch(
        client,
        item(0),
        {"source": {"url": "ftp://calls.example/"}},
        item(2, chanels="mix"),
        item(3, webhook_endpoint_id=endpoint),
        {},
        item(5, channels="split", deadline_s=60),
        defaults={"channels": "mix", "metadata": {"of": "all"}},
    )
    batch = answer.json()
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/v1/batches/{batch['id']}" == batch["links"]["self"]
    errors = [entry["error"] and (entry["error"]["status"], entry["error"]["code"]) for entry in batch["items"]]
    invalid = (422, "invalid_request")
    assert errors == [None, invalid, (422, "invalid_config"), (404, "endpoint_not_found"), invalid, None]
    assert all((entry["job"] is None) != (entry["error"] is None) for entry in batch["items"])
    first, last = (client.get(batch["items"][index]["job"]["links"]["self"]).json() for index in (0, 5))
    assert [job["audio"]["filename"] for job in (first, last)] == ["0.mp3", "5.mp3"]
    assert (first["config"]["channels"], last["config"]["channels"]) == ("mix", "split")
    assert first["config"]["metadata"] == last["config"]["metadata"] == {"of": "all"}
    assert first["batch_id"] == last["batch_id"] == batch["id"]


def test_a_batch_counts_its_jobs_by_status(client: TestClient, services: Services) -> None:
    post_raw(client)
    batch = post_batch(client, *map(item, range(5))).json()
    ids = [entry["job"]["id"] for entry in batch["items"]]
    second_batch = post_batch(client, item(9)).json()
    services.cancellation.cancel(ids[0])
    services.cancellation.delete(ids[1])
    looked = client.get(batch["links"]["self"]).json()
    counts = {"queued": 3, "processing": 0, "succeeded": 0, "failed": 0, "canceled": 1}
    assert looked == {"id": batch["id"], "total": 4, "ended": 1, "counts": counts, "links": batch["links"]}
    listed = client.get(batch["links"]["jobs"]).json()["data"]
    assert [job["id"] for job in listed] == [ids[4], ids[3], ids[2], ids[0]]
    queued = client.get("/v1/jobs", params={"batch_id": second_batch["id"], "status": "queued"}).json()["data"]
    assert [job["id"] for job in queued] == [second_batch["items"][0]["job"]["id"]]
    for job_id in (ids[0], *ids[2:]):
        services.cancellation.delete(job_id)
    assert_problem(client.get(batch["links"]["self"]), 404, "batch_not_found")


def test_the_batch_of_another_tenant_is_not_found(client: TestClient, services: Services) -> None:
    ours, theirs = secret_of(services, "acme"), secret_of(services, "other")
    sent = {"jobs": [item(1)]}
    our_batch = client.post("/v1/batches", json=sent, headers=bearer(ours) | KEY).json()
    their_batch = client.post("/v1/batches", json=sent, headers=bearer(theirs) | KEY).json()
    assert our_batch["id"] != their_batch["id"]
    assert client.get(our_batch["links"]["self"], headers=bearer(ours)).json()["total"] == 1
    assert_problem(client.get(our_batch["links"]["self"], headers=bearer(theirs)), 404, "batch_not_found")
    assert client.get(our_batch["links"]["jobs"], headers=bearer(theirs)).json()["data"] == []


@pytest.mark.parametrize("batch_id", [UNKNOWN, "nonsense", "batch_%00"])
def test_an_unknown_batch_is_not_found(standing_client: TestClient, batch_id: str) -> None:
    assert standing_client.get(f"/v1/batches/{batch_id}").status_code == 404


@pytest.mark.parametrize("batch_id", ["nonsense", "batch_\0", ""])
def test_an_invalid_batch_id_in_a_filter_is_refused(standing_client: TestClient, batch_id: str) -> None:
    assert_problem(standing_client.get("/v1/jobs", params={"batch_id": batch_id}), 422, "invalid_request")


def test_a_repeated_batch_has_the_same_jobs_in_the_same_places(client: TestClient, services: Services) -> None:
    sent = {"jobs": [item(0), {"source": {}}, item(2)]}
    first = client.post("/v1/batches", json=sent, headers=KEY).json()
    services.cancellation.cancel(first["items"][0]["job"]["id"])
    sent["jobs"][1] = item(1)
    second = client.post("/v1/batches", json=sent, headers=KEY).json()
    assert second["id"] == first["id"]
    assert [entry["job"]["status"] for entry in second["items"]] == ["canceled", "queued", "queued"]
    for index in (0, 2):
        assert second["items"][index]["job"]["id"] == first["items"][index]["job"]["id"]
    assert client.get(first["links"]["self"]).json()["total"] == 3
    sent["jobs"].reverse()
    codes = [entry["error"]["code"] if entry["error"] else None for entry in client.post(
        "/v1/batches", json=sent, headers=KEY
    ).json()["items"]]  # fmt: skip
    assert codes == ["idempotency_mismatch", None, "idempotency_mismatch"]
    assert post_batch(client, item(0)).json()["id"] != first["id"]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "jobs"),
        ({"jobs": []}, "jobs"),
        ({"jobs": {}}, "jobs"),
        ({"jobs": [5]}, "jobs.0"),
        ({"jobs": [item(1)] * 1_001}, "jobs"),
        ({"jobs": [item(1)], "more": 1}, "more"),
        ({"jobs": [item(1)], "defaults": []}, "defaults"),
    ],
)
def test_an_invalid_batch_is_refused_as_a_whole(standing_client: TestClient, body: Any, named: str) -> None:
    before = standing_client.get("/v1/jobs").json()["data"]
    answer = standing_client.post("/v1/batches", json=body)
    assert named in assert_problem(answer, 422, "invalid_request")["detail"]
    assert standing_client.get("/v1/jobs").json()["data"] == before


@pytest.mark.parametrize("defaults", [{"chanels": "mix"}, {"source": {"url": URL}}, {"deadline_s": 0}])
def test_invalid_defaults_are_refused_once(standing_client: TestClient, defaults: dict[str, Any]) -> None:
    answer = post_batch(standing_client, item(1), item(2), defaults=defaults)
    assert next(iter(defaults)) in assert_problem(answer, 422, "invalid_config")["detail"]


def test_a_thousand_jobs_are_one_request(client: TestClient, services: Services) -> None:
    batch = post_batch(client, *map(item, range(1_000))).json()
    assert len({batch_item["job"]["id"] for batch_item in batch["items"]}) == 1_000
    assert services.jobs.batch(batch["id"]) == {JobState.QUEUED: 1_000}
