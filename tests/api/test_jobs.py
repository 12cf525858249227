from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient

from shared.container import Services
from tests.support.api_client import UNKNOWN, assert_problem, stored_files, submitted
from tests.support.api_routes import BODIES, HEADERS, IDS, OPEN, refusal, routes, status_and_code


def test_a_queued_job_says_so_and_when_to_ask_again(standing_client: TestClient) -> None:
    answer = standing_client.get(f"/v1/jobs/{submitted(standing_client)}")
    assert answer.json()["status"] == "queued"
    assert answer.json()["progress"] == {
        "segments_total": 0,
        "segments_done": 0,
        "segments_skipped": 0,
        "percent": 0.0,
        "eta_s": None,
    }
    assert answer.headers["Retry-After"]


@pytest.mark.parametrize(
    "path", ["", "/result", "/timeline", "/segments", "/segments/0/audio"], ids=lambda path: path or "job"
)
@pytest.mark.parametrize("job_id", [UNKNOWN, "nonsense", "job_%00", "..%2f..%2fetc"])
def test_an_unknown_job_is_not_found_on_any_route(standing_client: TestClient, job_id: str, path: str) -> None:
    assert standing_client.get(f"/v1/jobs/{job_id}{path}").status_code == 404


@pytest.mark.parametrize(
    ("query", "right"),
    [
        ("stat=failed", "the nearest name is `status`"),
        ("limit=5&limits=6", "the nearest name is `limit`"),
        ("zzz", "known are `batch_id`"),
        ("limit=5&limit=6", "`limit` is there more than once"),
    ],
)
def test_a_query_with_an_unknown_or_repeated_parameter_is_refused_with_the_right_name(
    standing_client: TestClient, query: str, right: str
) -> None:
    assert right in assert_problem(standing_client.get(f"/v1/jobs?{query}"), 422, "invalid_request")["detail"]


def test_every_route_refuses_a_parameter_and_a_key_that_it_does_not_have(standing_client: TestClient) -> None:
    for method, path in routes(standing_client):
        if path in OPEN:
            continue
        filled, headers = path.format(**IDS), HEADERS.get((method, path), {})
        body = BODIES.get((method, path))
        answers = [standing_client.request(method, f"{filled}?nonsense=1", headers=headers, json=body)]
        if body is not None:
            answers.append(standing_client.request(method, filled, headers=headers, json=body | {"nonsense": 1}))
        for answer in answers:
            assert status_and_code(answer) == refusal(method, 422, "invalid_request"), (method, path, answer.text)
            assert method == "HEAD" or "nonsense" in answer.json()["detail"], (method, path, answer.text)


def test_probes_may_have_any_query(standing_client: TestClient) -> None:
    assert [standing_client.get(f"{path}?verbose").status_code for path in ("/livez", "/readyz")] == [200, 200]


def test_a_route_without_parameters_takes_none(standing_client: TestClient) -> None:
    assert_problem(standing_client.get(f"/v1/jobs/{submitted(standing_client)}/events?wait=5"), 422, "invalid_request")


def test_jobs_are_listed_newest_first_in_pages(client: TestClient) -> None:
    ids = [submitted(client) for _ in range(5)]
    first = client.get("/v1/jobs", params={"limit": 3}).json()
    second = client.get("/v1/jobs", params={"limit": 3, "cursor": first["next_cursor"]}).json()
    assert [job["id"] for job in first["data"] + second["data"]] == ids[::-1]
    assert second["next_cursor"] is None
    assert client.get("/v1/jobs", params={"status": "succeeded"}).json()["data"] == []
    assert len(client.get("/v1/jobs", params={"status": "queued"}).json()["data"]) == 5


@pytest.mark.parametrize("params", [{"limit": "0"}, {"limit": "x"}, {"status": "lost"}])
def test_wrong_parameters_are_named(standing_client: TestClient, params: dict[str, str]) -> None:
    answer = standing_client.get("/v1/jobs", params=params)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert next(iter(params)) in answer.json()["detail"]


def test_an_invalid_cursor_is_refused(standing_client: TestClient) -> None:
    assert_problem(standing_client.get("/v1/jobs", params={"cursor": "7"}), 422, "invalid_cursor")
    assert_problem(
        standing_client.get(f"/v1/jobs/{submitted(standing_client)}/segments", params={"cursor": "x"}),
        422,
        "invalid_cursor",
    )


def test_results_of_a_job_that_runs_are_not_ready(standing_client: TestClient) -> None:
    job_id = submitted(standing_client)
    for path in ("result", "timeline"):
        answer = standing_client.get(f"/v1/jobs/{job_id}/{path}")
        assert_problem(answer, 409, "result_not_ready")
        assert answer.headers["Retry-After"]
    assert standing_client.get(f"/v1/jobs/{job_id}/segments").json() == {"data": [], "next_cursor": None}
    assert_problem(standing_client.get(f"/v1/jobs/{job_id}/segments/0/audio"), 404, "segment_not_found")


def test_a_job_is_canceled_once_and_then_has_no_result(standing_client: TestClient) -> None:
    job_id = submitted(standing_client)
    answer = standing_client.post(f"/v1/jobs/{job_id}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (202, "canceled")
    assert_problem(standing_client.post(f"/v1/jobs/{job_id}/cancel"), 409, "job_finished")
    assert_problem(standing_client.get(f"/v1/jobs/{job_id}/result"), 409, "no_result")


def test_a_deleted_job_is_gone_with_its_recording(client: TestClient, services: Services) -> None:
    job_id = submitted(client)
    assert client.delete(f"/v1/jobs/{job_id}").status_code == 204
    assert stored_files(services) == []
    for path in ("", "/result", "/timeline", "/segments"):
        assert_problem(client.get(f"/v1/jobs/{job_id}{path}"), 410, "job_deleted")
    assert_problem(client.delete(f"/v1/jobs/{job_id}"), 410, "job_deleted")
    assert client.get("/v1/jobs").json()["data"] == []


def test_health_says_alive_and_ready(standing_client: TestClient) -> None:
    assert standing_client.get("/livez").json() == {"status": "ok", "problems": []}
    assert standing_client.get("/readyz").json() == {"status": "ready", "problems": []}


def test_openapi_describes_every_kind_of_body_and_the_config(standing_client: TestClient) -> None:
    document = standing_client.get("/openapi.json").json()
    bodies = document["paths"]["/v1/jobs"]["post"]["requestBody"]["content"]
    assert set(bodies) == {"multipart/form-data", "application/octet-stream", "application/json"}
    assert "application/problem+json" in document["paths"]["/v1/jobs"]["post"]["responses"]["415"]["content"]
    options = document["components"]["schemas"]["JobOptions"]
    assert "voices" in options["properties"]["channels"]["description"]


def test_the_documentation_page_needs_nothing_from_elsewhere(standing_client: TestClient) -> None:
    page = standing_client.get("/docs").text
    links = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(links) == 3
    assert all(standing_client.get(link).status_code == 200 for link in links if link.startswith("http://testserver/"))
    assert all(link.startswith("http://testserver/") for link in links)
