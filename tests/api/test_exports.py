"""Requests for exports and their responses."""

from __future__ import annotations

import re
from urllib.parse import unquote

import numpy as np
import pytest
from fastapi.testclient import TestClient

from exports.formats import WRITERS, ExportFormat
from shared.container import Services
from shared.domain.options import JobOptions
from tests.support.analysed import Part, analysed, submitted
from tests.support.api_client import UNKNOWN, assert_problem

CALL = [Part(0, 0, np.array([[3, 1, 0]], np.float32)), Part(1, 0), Part(0, 4000, np.zeros((9, 3), np.float32))]


@pytest.mark.parametrize("to", ExportFormat)
def test_each_format_is_a_file_with_its_type_and_name(client: TestClient, services: Services, to: ExportFormat) -> None:
    answer = client.get(f"/v1/jobs/{analysed(services, CALL, JobOptions())}/export", params={"format": to.value})
    assert answer.status_code == 200
    assert answer.content
    assert answer.headers["content-type"].split(";")[0] == WRITERS[to].media_type
    suffix = WRITERS[to].suffix
    name = f"attachment; filename=\"call{suffix}\"; filename*=UTF-8''call{suffix}"
    assert answer.headers["content-disposition"] == name


def test_without_a_format_it_is_csv_and_an_unknown_one_is_refused(client: TestClient, services: Services) -> None:
    url = f"/v1/jobs/{analysed(services, CALL, JobOptions())}/export"
    assert client.get(url).content == client.get(url, params={"format": "csv"}).content
    assert_problem(client.get(url, params={"format": "xlsx"}), 422, "invalid_request")


def test_a_result_without_speech_can_be_exported_in_every_format(client: TestClient, services: Services) -> None:
    url = f"/v1/jobs/{analysed(services, [], JobOptions())}/export"
    assert {client.get(url, params={"format": to.value}).status_code for to in ExportFormat} == {200}


def test_an_export_needs_a_result(client: TestClient, services: Services) -> None:
    assert_problem(client.get(f"/v1/jobs/{UNKNOWN}/export"), 404, "job_not_found")
    url = f"/v1/jobs/{submitted(services, JobOptions())}"
    assert_problem(client.get(f"{url}/export"), 409, "result_not_ready")
    client.post(f"{url}/cancel")
    assert_problem(client.get(f"{url}/export"), 409, "no_result")
    client.delete(url)
    assert_problem(client.get(f"{url}/export"), 410, "job_deleted")


@pytest.mark.parametrize(
    ("filename", "plain"),
    [
        ('a";filename=evil.sh.wav', "a_filename_evil.sh.csv"),
        ("Gespräch\u2028客服 1.mp3", "Gespr_ch_1.csv"),
        ("100%.wav", "100_.csv"),
        (".wav", ".wav.csv"),
    ],
)
def test_a_file_is_named_after_the_recording_without_unsafe_characters(
    client: TestClient, services: Services, filename: str, plain: str
) -> None:
    job_id = analysed(services, CALL, JobOptions(), filename=filename)
    stored_name = services.jobs.get(job_id).recording.filename
    header = client.get(f"/v1/jobs/{job_id}/export").headers["content-disposition"]
    match = re.fullmatch(r"""attachment; filename="([\w.-]+)"; filename\*=UTF-8''([\w.%~-]+)""", header, re.ASCII)
    assert match
    assert match[1] == plain
    assert unquote(match[2]) == f"{stored_name.rpartition('.')[0] or stored_name}.csv"
