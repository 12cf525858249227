"""The metrics of the whole service after real work, which the dashboard and the alerts use."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from httpx2 import Client as HttpClient
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics

from tests.support.command_line import emoline
from tests.support.figures import Figures, figures
from tests.support.media.encode import encoded
from tests.support.media.speech import speech_like
from tests.support.service_client import Client
from worker.metrics import PortInUse, serve_metrics

ROOT = Path(__file__).parents[2]
ALERTS: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yml").read_text(encoding="utf-8"))
DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy" / "grafana" / "emoline.json").read_text(encoding="utf-8"))
DOCS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
RULES = [rule for group in ALERTS["groups"] for rule in group["rules"]]
SOUND = encoded(speech_like(30, seed=31).samples[:, None], 16_000, "flac")
NAME = re.compile(r"emoline_\w+")
ASKED = [rule["expr"] for rule in RULES] + [
    target["expr"].replace("$__rate_interval", "5m")
    for panel in DASHBOARD["panels"]
    for target in panel.get("targets", [])
]


def scrape(client: Client) -> Figures:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    return figures(answer.text)


def grown(before: Figures, after: Figures, name: str, **labels: str) -> float:
    return after[name, labels] - before[name, labels]


@pytest.fixture(scope="module")
def worked(client: Client) -> tuple[Figures, dict[str, Any], dict[str, Any], Figures]:
    """The figures before and after a job, and that job with its result."""
    client.get("/metrics")
    before = scrape(client)
    job, result = client.analysed(SOUND)
    return before, job, result, scrape(client)


def test_the_figures_are_those_of_the_job(worked: tuple[Figures, dict[str, Any], dict[str, Any], Figures]) -> None:
    before, job, result, after = worked
    segments = result["segments"]
    assert segments
    sound_s = sum(segment["end_ms"] - segment["start_ms"] for segment in segments) / 1000
    assert grown(before, after, "emoline_segments_total", outcome="ok") == len(segments)
    assert grown(before, after, "emoline_segments_total") == len(segments)
    assert grown(before, after, "emoline_analysed_audio_seconds_total") == pytest.approx(sound_s, abs=0.01)
    assert grown(before, after, "emoline_batch_segments_sum") == len(segments)
    assert grown(before, after, "emoline_batch_audio_seconds_sum") == pytest.approx(sound_s, abs=0.01)
    duration_s = job["audio"]["duration_ms"] / 1000
    assert grown(before, after, "emoline_prepared_audio_seconds_total") == pytest.approx(duration_s, abs=0.01)
    for stage in ("preparing", "finishing"):
        assert grown(before, after, "emoline_stage_duration_seconds_count", stage=stage) == 1
        assert grown(before, after, "emoline_stage_duration_seconds_count", stage=stage, outcome="done") == 1
    assert 0 < grown(before, after, "emoline_model_seconds_total") < 60
    posted = {"method": "POST", "route": "/v1/jobs", "status": "202"}
    assert grown(before, after, "emoline_http_requests_total", **posted) == 1
    received = grown(before, after, "emoline_upload_bytes_total")
    assert len(SOUND) <= received < len(SOUND) + 2000, "the form's own bytes are few"
    model = {"id": result["model"]["id"], "sha256": result["model"]["sha256"]}
    assert after["emoline_model_info", model] == 1
    assert after.total("emoline_queue_jobs") == 0
    assert after["emoline_work_runs_total", {"work": "infer", "outcome": "ok"}] > 0


def test_a_recording_that_cannot_be_read_is_counted_by_its_code(client: Client) -> None:
    before = scrape(client)
    job = client.ended(client.submit(b"RIFF\0\0\0\0WAVEfmt " + bytes(500))["id"])
    after = scrape(client)
    code = job["error"]["code"]
    assert grown(before, after, "emoline_stage_failures_total", stage="preparing", code=code) == 1
    assert grown(before, after, "emoline_stage_duration_seconds_count", stage="preparing", outcome="failed") == 1


def test_captions_are_well_formed_in_both_formats(client: Client) -> None:
    names = scrape(client).names
    answer = client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    families = [family.name for family in open_metrics(answer.text)]
    assert len(families) == len(set(families)) > 20
    assert all(any(name.startswith(family) for name in names) for family in families)


@pytest.mark.parametrize("asked", ASKED)
def test_queries_of_the_dashboard_and_the_alerts_are_promql(asked: str) -> None:
    promql_parser.parse(asked)


def test_metrics_of_the_dashboard_alerts_and_docs_exist_and_all_are_documented(client: Client, worked: object) -> None:
    exported = {name for name in scrape(client).names if name.startswith("emoline_")}
    asked = {name for text in ASKED for name in NAME.findall(text)}
    assert asked - exported == set()
    documented = set(NAME.findall(DOCS))
    # A histogram is there by its series, and documented by its name.
    series = {re.sub(r"_(bucket|sum|count)$", "", name) for name in exported}
    assert documented == series


def test_every_alert_has_a_description_and_a_severity() -> None:
    for rule in RULES:
        assert f"| `{rule['alert']}` |" in DOCS
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"]["summary"].endswith(".")
    assert len({rule["alert"] for rule in RULES}) == len(RULES)


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


def test_a_worker_serves_its_metrics_while_it_runs() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    for _ in range(2):  # the port is free again afterwards
        with serve_metrics("127.0.0.1", port), HttpClient() as http:
            metrics = figures(http.get(f"http://127.0.0.1:{port}/metrics").text)
        assert {"emoline_segments_total", "emoline_build_info"} <= metrics.names
        assert "emoline_http_requests_total" not in metrics.names


def test_a_worker_whose_port_is_taken_ends_with_a_sentence(taken_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PortInUse), serve_metrics("127.0.0.1", taken_port):
        pass
    monkeypatch.setenv("EMOLINE_METRICS_PORT", str(taken_port))
    monkeypatch.setenv("EMOLINE_BROKER_URL", "redis://127.0.0.1:1/0")
    completed = emoline("worker", "finish")
    assert completed.returncode == 1
    assert "EMOLINE_METRICS_PORT is taken" in " ".join(completed.stderr.split())
    assert "Traceback" not in completed.stderr
