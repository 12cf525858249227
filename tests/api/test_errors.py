from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from structlog.testing import capture_logs

from api.app import create_app
from api.error_page import render_markdown
from api.errors import GENERAL, STATUS
from shared.container import Services
from shared.domain import errors, playback_errors, upload_errors
from shared.domain.failure import FAILURES, FailureCode
from shared.domain.options import JobOptions
from shared.domain.recording import WARNINGS, RecordingWarning
from tests.support.analysed import Part, analysed
from tests.support.api_client import assert_problem
from tests.support.api_routes import IDS

INTERNAL = {errors.InvalidTransition, errors.LeaseLost}
"""Errors that stay between workers and the database."""
METHODS = {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"}


def test_every_error_that_a_client_can_meet_has_a_status_and_a_sentence() -> None:
    kinds = {
        kind
        for kind in (vars(errors) | vars(upload_errors) | vars(playback_errors)).values()
        if isinstance(kind, type) and "code" in vars(kind)
    }
    assert set(STATUS) == kinds - INTERNAL
    assert all(kind().message.endswith(".") for kind in STATUS)
    assert len({kind.code for kind in STATUS}) == len(STATUS)
    # FastAPI finds invalid bodies of most routes, and this service those of the rest.
    assert {kind.code for kind in STATUS} & {code for code, _ in GENERAL.values()} == {"invalid_request"}


def test_every_failure_and_every_warning_has_a_sentence() -> None:
    assert set(FAILURES) == set(FailureCode)
    assert set(WARNINGS) == set(RecordingWarning)
    sentences = [*(failure.message for failure in FAILURES.values()), *WARNINGS.values()]
    assert all(sentence.endswith(".") for sentence in sentences)


def test_the_page_of_errors_matches_the_code() -> None:
    committed = Path(__file__).parents[2] / "docs" / "errors.md"
    assert committed.read_text(encoding="utf-8") == render_markdown(), (
        "Run `python -m api.error_page > docs/errors.md`."
    )


def test_the_type_of_every_problem_leads_to_its_place_on_a_page_of_the_service(standing_client: TestClient) -> None:
    error_page = standing_client.get("/errors").text
    for code in [*(kind.code for kind in STATUS), *(code for code, _ in GENERAL.values())]:
        assert f'id="{code}"' in error_page, code
    kind = standing_client.get("/v2").json()["type"]
    assert standing_client.get(kind.partition("#")[0]).text == error_page


def undocumented(client: TestClient) -> Iterator[tuple[str, str, set[str]]]:
    """Yield every method that a path does not allow, with the path and the methods that it allows."""
    paths = client.get("/openapi.json").json()["paths"]
    documented = {path: {method.upper() for method in methods} for path, methods in paths.items()}
    for path in documented.keys() & {"/v1/uploads/tus", "/v1/uploads/tus/{upload_id}"}:
        documented[path].add("OPTIONS")  # tus needs it, and the document does not mention it
    documented["/v1/uploads/tus"] |= {"GET", "DELETE"}  # as any `/v1/uploads/{upload_id}`
    for path, allowed in (documented | {"/": {"GET"}, "/docs": {"GET"}, "/errors": {"GET"}}).items():
        yield from ((method, path, allowed) for method in sorted(METHODS - allowed))


def test_a_missing_method_is_answered_with_the_allowed_ones(standing_client: TestClient) -> None:
    refused = list(undocumented(standing_client))
    assert len(refused) > 100
    for method, path, allowed in refused:
        answer = standing_client.request(method, path.format(**IDS))
        assert (answer.status_code, answer.headers["allow"]) == (405, ", ".join(sorted(allowed))), (method, path)
        if method != "HEAD":
            assert_problem(answer, 405, "method_not_allowed")


def test_a_path_that_does_not_exist_is_a_problem(standing_client: TestClient) -> None:
    assert_problem(standing_client.get("/v2"), 404, "not_found")


def test_plain_text_errors_of_the_framework_become_problems(client: TestClient, services: Services) -> None:
    assert_problem(client.get("/v1/jobs", headers={"Host": "evil.example"}), 400, "bad_request")
    job_id = analysed(services, [Part(0, 0)], JobOptions())
    stored = services.jobs.segment(job_id, 0)
    with services.object_store.writer(stored.audio_key) as writer:
        writer.write(b"fLaC")
    sound = f"/v1/jobs/{job_id}/segments/0/audio"
    beyond = client.get(sound, headers={"Range": "bytes=100-200"})
    assert_problem(beyond, 416, "range_not_satisfiable")
    assert beyond.headers["content-range"].endswith("/4")
    assert_problem(client.get(sound, headers={"Range": "bytes=x"}), 400, "bad_request")
    assert client.get(sound).content == b"fLaC"


def test_a_body_that_is_no_json_is_a_problem(standing_client: TestClient) -> None:
    answer = standing_client.post("/v1/keys", content=b"{", headers={"Content-Type": "application/json"})
    assert_problem(answer, 422, "invalid_request")


@pytest.mark.parametrize(
    ("path", "body", "twice"),
    [
        ("/v1/webhook-endpoints", '{"url": "https://a.example", "url": "https://b.example"}', "`url`"),
        ("/v1/keys", '{"name": "a", "name": "b"}', "`name`"),
        ("/v1/uploads", '{"filename": "a.wav", "size": 1, "size": 2}', "`size`"),
        ("/v1/jobs/{job_id}/segments/0/correction", '{"emotion": "sad", "emotion": "angry"}', "`emotion`"),
        ("/v1/jobs/{job_id}/retry", '{"what": "all", "what": "all"}', "`what`"),
        ("/v1/batches", '{"jobs": [{}, {"roles": [{"a": 1, "a": 2}]}]}', "`a`"),
    ],
)
def test_a_key_twice_in_a_json_body_is_refused_with_its_place(
    client: TestClient, path: str, body: str, twice: str
) -> None:
    method = "PUT" if path.endswith("correction") else "POST"
    headers = {"Content-Type": "application/json"}
    answer = client.request(method, path.format(**IDS), content=body, headers=headers)
    place = " in `jobs.1.roles.0`" if path == "/v1/batches" else ""
    expected = f"body: the key {twice} is there more than once{place}."
    assert assert_problem(answer, 422, "invalid_request")["detail"] == expected


def test_an_unforeseen_exception_is_a_problem_without_details(services: Services) -> None:
    def broken() -> None:
        raise KeyError("secret")

    app = create_app(services, ["testserver"])
    app.add_api_route("/v1/broken", broken)
    with TestClient(app) as client, capture_logs() as logged:
        answer = client.get("/v1/broken")
    assert "secret" not in assert_problem(answer, 500, "internal_error")["detail"]
    assert answer.headers["cache-control"] == "no-store"
    assert [entry["event"] for entry in logged if entry["log_level"] == "error"] == ["request.error"]
