"""Traces and logs of the service as a process: from a request to the batch, at a real receiver of OTLP."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.support.media.encode import encoded
from tests.support.media.speech import speech_like
from tests.support.processes import Process, api, url_of, wait_for
from tests.support.servers.receiver import Received, Receiver, Reply, receiving
from tests.support.service_client import Client
from tests.support.waiting import wait_until

SOUND = encoded(speech_like(20, seed=41).samples[:, None], 16_000, "flac")
TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{CALLER}-01"
HIDDEN = "hidden-in-the-query"
WITHOUT_EXTRA = """
import sys
sys.modules["opentelemetry.exporter"] = None  # as Python marks what is not installed
from cli import app
app()
"""


@dataclass(frozen=True, slots=True)
class TracedJob:
    """The spans that were received with the service that sent them, the job, and the log lines of the process."""

    spans: list[tuple[str, Span]]
    job: dict[str, Any]
    lines: list[dict[str, Any]]

    def named(self, name: str) -> Span:
        (spans_by_service,) = [span for _, span in self.spans if span.name == name and span.trace_id.hex() == TRACE]
        return spans_by_service


def spans_of(received: list[Received]) -> list[tuple[str, Span]]:
    spans_by_service = []
    for request in received:
        for of_service in ExportTraceServiceRequest.FromString(request.body).resource_spans:
            names = [pair.value.string_value for pair in of_service.resource.attributes if pair.key == "service.name"]
            spans_by_service += [(names[0], span) for scope in of_service.scope_spans for span in scope.spans]
    return spans_by_service


def attributes(span: Span) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in span.attributes}


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TracedJob]:
    folder = tmp_path_factory.mktemp("traced")
    with receiving() as collector, receiving() as hooks:
        collector.answer = lambda _: Reply(200)
        environment = {
            "EMOLINE_DATA_DIR": str(folder / "data"),
            "EMOLINE_ALLOWED_NETWORKS": '["127.0.0.0/8"]',
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.port}",
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        }
        with Process(folder / "serve.log", environment, "serve", "--port", "0") as serve:
            wait_for(serve)
            with Client(base_url=url_of(serve)) as client:
                job = _job(client, hooks, collector)
            serve.terminate()  # a killed process leaves lines in Python's own format
            assert serve.status() == 0
        log = (folder / "serve.log").read_text(encoding="utf-8")
        yield TracedJob(spans_of(collector.received), job, [json.loads(line) for line in log.splitlines()])


def _job(client: Client, hooks: Receiver, collector: Receiver) -> dict[str, Any]:
    config = json.dumps({"webhook_url": f"{hooks.url}?token={HIDDEN}"})
    headers = {"traceparent": TRACEPARENT, "X-Request-ID": "mine"}
    answer = client.post("/v1/jobs", params={"config": config}, content=SOUND, headers=headers)
    assert answer.status_code == 202
    job = client.ended(answer.json()["id"])
    assert job["status"] == "succeeded"
    wait_until(lambda: sum(span.name == "delivering" for _, span in spans_of(collector.received)) >= 2)
    return job


def test_a_jobs_spans_are_of_the_trace_of_the_request_that_submitted_it(traced: TracedJob) -> None:
    request, submit = traced.named("POST /v1/jobs"), traced.named("submit")
    assert request.parent_span_id.hex() == CALLER
    assert request.kind == Span.SPAN_KIND_SERVER
    assert attributes(request)["http.route"] == "/v1/jobs"
    assert attributes(request)["http.response.status_code"] == 202
    assert submit.parent_span_id == request.span_id
    for stage in ("preparing", "finishing"):
        span = traced.named(stage)
        assert span.parent_span_id == submit.span_id
        assert attributes(span)["job"] == traced.job["id"]
    delivery_spans = [span for _, span in traced.spans if span.name == "delivering"]
    assert {(span.trace_id.hex(), span.parent_span_id) for span in delivery_spans} == {(TRACE, submit.span_id)}
    order = [traced.named(name) for name in ("POST /v1/jobs", "submit", "preparing", "finishing")]
    assert [span.start_time_unix_nano for span in order] == sorted(span.start_time_unix_nano for span in order)


def test_a_batch_is_a_trace_of_its_own_linked_to_those_of_its_jobs(traced: TracedJob) -> None:
    batches = [span for _, span in traced.spans if span.name == "inferring"]
    assert batches
    for span in batches:
        assert span.parent_span_id == b""
        assert span.trace_id.hex() != TRACE
        (link,) = span.links
        assert (link.trace_id.hex(), link.span_id) == (TRACE, traced.named("submit").span_id)
    segments = sum(attributes(span)["segments"] for span in batches)
    assert segments == traced.job["progress"]["segments_total"]


def test_the_spans_name_their_service_and_hide_what_is_in_queries(traced: TracedJob) -> None:
    assert {service for service, _ in traced.spans} == {"emoline-service"}
    assert attributes(traced.named("POST /v1/jobs"))["url.query"] == "***"
    assert not any(HIDDEN in str(span) for _, span in traced.spans)


def test_probes_and_scrapes_are_not_traced(traced: TracedJob) -> None:
    assert {span.name for _, span in traced.spans if span.kind == Span.SPAN_KIND_SERVER} == {
        "POST /v1/jobs",
        "GET /v1/jobs/{job_id}",
    }


def test_every_line_of_the_log_is_an_object_with_the_ids_that_it_is_about(traced: TracedJob) -> None:
    by_event: dict[str, list[dict[str, Any]]] = {}
    for line in traced.lines:
        assert (line["level"], line["role"]) == ("info", "service"), line
        by_event.setdefault(line["event"], []).append(line)
    assert HIDDEN not in json.dumps(traced.lines)
    (posted,) = [line for line in by_event["request.done"] if line["method"] == "POST"]
    assert (posted["request_id"], posted["path"], posted["status"]) == ("mine", "/v1/jobs", 202)
    assert posted["trace_id"] == TRACE
    assert {line["stage"] for line in by_event["stage.done"]} == {"preparing", "finishing"}
    for line in by_event["stage.done"] + by_event["delivery.done"]:
        assert (line["job"], line["trace_id"]) == (traced.job["id"], TRACE)
    assert all(line["jobs"] == [traced.job["id"]] for line in by_event["batch.done"])


def test_an_unreachable_trace_collector_does_not_stop_jobs(tmp_path: Path) -> None:
    away = {"EMOLINE_DATA_DIR": str(tmp_path / "data"), "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}
    with api(tmp_path, away) as client:
        assert client.ended(client.submit(SOUND)["id"])["status"] == "succeeded"


@pytest.mark.parametrize("command", [["serve", "--port", "0"], ["worker", "finish"]])
def test_tracing_without_the_otel_extra_is_an_error_with_a_sentence(command: list[str], tmp_path: Path) -> None:
    environment = os.environ | {
        "EMOLINE_DATA_DIR": str(tmp_path),
        "EMOLINE_BROKER_URL": "redis://127.0.0.1:1/0",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1",
    }
    completed = subprocess.run(
        [sys.executable, "-c", WITHOUT_EXTRA, *command], env=environment, capture_output=True, text=True, check=False
    )
    assert completed.returncode == 1
    assert "install `emoline[otel]`" in " ".join(completed.stderr.split())
    assert "Traceback" not in completed.stderr


def test_a_process_is_stopped_with_its_last_spans_sent(tmp_path: Path) -> None:
    with receiving() as collector:
        collector.answer = lambda _: Reply(200)
        environment = {
            "EMOLINE_DATA_DIR": str(tmp_path / "data"),
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.port}",
        }
        with Process(tmp_path / "serve.log", environment, "serve", "--port", "0") as serve:
            wait_for(serve)
            with Client(base_url=url_of(serve)) as client:
                client.get("/v1/jobs")
            serve.terminate()
            assert serve.status() == 0
        assert [span.name for _, span in spans_of(collector.received)] == ["GET /v1/jobs"]
