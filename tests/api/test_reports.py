"""Reports over HTTP, which show the same results as the other routes."""

from __future__ import annotations

import io
import re
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from reports.texts import TEXTS
from shared.adapters.local_wake_ups import LocalWakeUps
from shared.container import Services, open_services
from shared.domain.options import AggregationOptions, JobOptions
from shared.services.object_keys import audio_prefix, job_prefix
from shared.settings import Settings
from shared.waveform import Waveform
from tests.support.analysed import LABELS, Part, analysed, submitted
from tests.support.api_client import assert_problem
from tests.support.pdf import links, pages

PATHS = ("report.pdf", "report.html")
OPTIONS = JobOptions(roles=("agent", "customer"))


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """Services for all tests of this module, each with jobs of its own: a render pool takes seconds to start."""
    with open_services(Settings(data_dir=tmp_path_factory.mktemp("reports")), LocalWakeUps()) as opened:
        yield opened


@pytest.fixture(scope="module")
def client(services: Services) -> Iterator[TestClient]:
    with TestClient(create_app(services, ["testserver"])) as opened:
        yield opened


def logits(emotion: str, frames: int = 100) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    values = np.zeros((frames, len(LABELS)), np.float32)
    values[:, LABELS.index(emotion)] = 3
    return values


PARTS = [
    Part(0, 0, logits("happy")),
    Part(1, 3000, logits("angry")),
    Part(0, 6000, None),
    Part(1, 9000, logits("angry", 400)),
]
SOUND = Waveform((0, 1), 0, 20 * 16_000, np.zeros((1000, 2, 2), np.int8))


def job_of(services: Services, options: JobOptions = OPTIONS, parts: list[Part] = PARTS) -> str:
    job_id = analysed(services, parts, options, waveform=SOUND)
    for index in range(len(parts)):
        with services.object_store.writer(services.jobs.segment(job_id, index).audio_key) as writer:
            writer.write(f"fLaC{index}".encode())
    return job_id


def test_the_pdf_has_the_result_and_links_to_the_audio_at_the_requested_host(
    client: TestClient, services: Services
) -> None:
    job_id = job_of(services)
    answer = client.get(f"/v1/jobs/{job_id}/report.pdf", headers={"X-Forwarded-Host": "evil.example"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"].startswith('inline; filename="call-report.pdf"; filename*=UTF-8')
    assert answer.headers["cache-control"] == "no-store"
    text = " ".join(pages(answer.content))
    assert "agent: little speech, most often happy, 100 % of 00:02, with" in text
    assert TEXTS["en"].heat_map in text
    assert job_id in text
    starts = {
        segment["index"]: segment["start_ms"] for segment in client.get(f"/v1/jobs/{job_id}/result").json()["segments"]
    }
    page = f"http://testserver/#/jobs/{job_id}"
    assert set(links(answer.content)) == {f"{page}?t={starts[index] / 1000:.1f}&play=1" for index in (0, 1, 3)}


def test_the_html_contains_the_audio_and_has_its_own_policy(client: TestClient, services: Services) -> None:
    answer = client.get(f"/v1/jobs/{job_of(services)}/report.html?lang=zh")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert TEXTS["zh"].title in answer.text
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert policy.endswith("frame-ancestors 'none'")
    inside = [b64decode(data) for data in re.findall(r'src="data:audio/flac;base64,([^"]+)"', answer.text)]
    assert inside == [b"fLaC0", b"fLaC1", b"fLaC3"]


def test_a_report_says_that_the_audio_was_deleted(client: TestClient, services: Services) -> None:
    job_id = job_of(services)
    job = services.jobs.get(job_id)
    services.object_store.delete_prefix(audio_prefix(job_id))
    for deleted in (False, True):
        if deleted:
            assert services.jobs.replace(job, replace(job, audio_deleted=True))
        page = client.get(f"/v1/jobs/{job_id}/report.html").text
        assert "data:audio" not in page
        assert ("as their retention says" in page) is deleted
        document = client.get(f"/v1/jobs/{job_id}/report.pdf").content
        assert bool(links(document)) is not deleted


def test_a_job_without_stored_frames_has_a_report_without_a_heat_map(client: TestClient, services: Services) -> None:
    job_id = job_of(services)
    services.object_store.delete_prefix(f"{job_prefix(job_id)}frames/")
    page = client.get(f"/v1/jobs/{job_id}/report.html")
    assert page.status_code == 200
    assert TEXTS["en"].heat_map not in page.text


def test_the_report_uses_the_min_confidence_of_the_job(client: TestClient, services: Services) -> None:
    options = replace(OPTIONS, aggregation=AggregationOptions(min_confidence=0.99))
    page = client.get(f"/v1/jobs/{job_of(services, options)}/report.html").text
    assert "unknown, 100\N{NO-BREAK SPACE}% of" in page


def test_a_job_without_segments_has_a_report(client: TestClient, services: Services) -> None:
    job_id = analysed(services, [], OPTIONS)
    assert TEXTS["en"].nothing in client.get(f"/v1/jobs/{job_id}/report.html").text
    assert TEXTS["zh"].nothing in " ".join(pages(client.get(f"/v1/jobs/{job_id}/report.pdf?lang=zh").content))


@pytest.mark.parametrize("path", PATHS)
def test_reports_have_the_errors_of_the_result(client: TestClient, services: Services, path: str) -> None:
    waiting = submitted(services, JobOptions())
    assert_problem(client.get(f"/v1/jobs/{waiting}/{path}"), 409, "result_not_ready")
    assert_problem(client.get(f"/v1/jobs/{waiting}/{path}?lang=fr"), 422, "invalid_request")
    services.cancellation.cancel(waiting)
    assert_problem(client.get(f"/v1/jobs/{waiting}/{path}"), 409, "no_result")
    services.cancellation.delete(waiting)
    assert_problem(client.get(f"/v1/jobs/{waiting}/{path}"), 410, "job_deleted")


def test_a_job_links_to_its_reports(client: TestClient, services: Services) -> None:
    job_id = job_of(services)
    report_links = client.get(f"/v1/jobs/{job_id}").json()["links"]
    for name in ("report_pdf", "report_html"):
        assert client.get(report_links[name]).status_code == 200
    assert io.BytesIO(client.get(report_links["report_pdf"]).content).read(5) == b"%PDF-"
