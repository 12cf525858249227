"""The retention of jobs that have ended, changed by people."""

from __future__ import annotations

import numpy as np
from fastapi.testclient import TestClient

from shared.container import Services
from shared.domain.options import JobOptions, RetentionOptions
from shared.services.object_keys import source_key
from tests.support.analysed import Part, analysed
from tests.support.api_client import UNKNOWN, assert_problem

CALL = [Part(0, 0, np.array([[3, 1, 0]], np.float32))]


def test_the_retention_of_an_ended_job_is_changed_and_kept_to(client: TestClient, services: Services) -> None:
    job_id = analysed(services, CALL, JobOptions(retention=RetentionOptions(results_s=86_400)))
    url = f"/v1/jobs/{job_id}"
    with services.object_store.writer(source_key(job_id)) as writer:
        writer.write(b"sound")

    def change(**retention: object) -> dict[str, object]:
        answer = client.patch(url, json={"retention": retention})
        assert answer.status_code == 200, answer.text
        kept: dict[str, object] = answer.json()["config"]["retention"]
        assert client.get(url).json()["config"]["retention"] == kept
        return kept

    assert change(audio_s=604_800) == {"audio_s": 604_800, "results_s": 86_400}
    assert change() == {"audio_s": 604_800, "results_s": 86_400}
    services.sweeper.run()
    assert services.object_store.read(source_key(job_id)) == b"sound"
    change(audio_s=0, results_s=None)
    assert client.get(url).json()["expires_at"] is None
    services.sweeper.run()
    assert services.jobs.get(job_id).audio_deleted
    assert services.object_store.sizes(source_key(job_id)) == {}
    assert client.get(f"{url}/result").status_code == 200
    change(results_s=0)
    services.sweeper.run()
    assert_problem(client.patch(url, json={}), 410, "job_deleted")


def test_what_runs_and_what_makes_no_sense_is_refused(client: TestClient, services: Services) -> None:
    ended = f"/v1/jobs/{analysed(services, CALL, JobOptions())}"
    for retention in ({"audio_s": -1}, {"audio_s": True}, {"results_s": 10**12}, {"forever": 1}):
        assert_problem(client.patch(ended, json={"retention": retention}), 422, "invalid_request")
    assert_problem(client.patch(f"/v1/jobs/{UNKNOWN}", json={}), 404, "job_not_found")
    running = client.post("/v1/jobs", json={"source": {"url": "https://calls.example/1.mp3"}}).json()["id"]
    assert_problem(client.patch(f"/v1/jobs/{running}", json={"retention": {"audio_s": 1}}), 409, "job_running")
