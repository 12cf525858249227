"""The whole service with its recordings in an S3-compatible store."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from fastapi.testclient import TestClient

from api.app import create_app
from cli.embedded import embedded_service
from shared.adapters.local_wake_ups import LocalWakeUps
from shared.container import open_services
from tests.support.command_line import emoline
from tests.support.media.encode import encoded
from tests.support.media.speech import speech_like
from tests.support.servers.cutting_proxy import CuttingProxy
from tests.support.servers.s3 import S3Server, s3_servers
from tests.support.service_client import Client

RATE = 16_000
VOICE = speech_like(30, seed=21).samples


@pytest.fixture(scope="module", params=["moto", "rclone"])
def server(request: pytest.FixtureRequest) -> Iterator[S3Server]:
    with s3_servers() as servers:
        yield servers[request.param]


def test_a_recording_goes_through_the_store_and_nothing_of_it_stays_when_deleted(
    server: S3Server, tmp_path: Path
) -> None:
    url = server.url()
    with (
        embedded_service(server.settings(tmp_path, url), "127.0.0.1", 0) as address,
        Client(base_url=address) as client,
    ):
        job, result = client.analysed(encoded(VOICE[:, None], RATE, "m4a"), embeddings="utterance")
        assert result["timeline"]
        assert client.get(job["links"]["frames"]).json()["channels"]
        assert client.get(job["links"]["embeddings"]).status_code == 200
        whole = client.get(job["links"]["waveform"]).json()["channels"][0]["max"]
        stretch = {"start_ms": 10_000, "end_ms": 20_000}
        assert client.get(job["links"]["waveform"], params=stretch).json()["channels"][0]["max"] == whole[500:1000]
        assert client.get(job["links"]["heatmap"]).content.startswith(b"\x89PNG")
        for segment in result["segments"]:
            answer = client.get(segment["audio_url"])
            assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/flac")
            sound = soundfile.read(io.BytesIO(answer.content), dtype="int16")[0]
            assert len(sound) * 1000 // RATE == pytest.approx(segment["end_ms"] - segment["start_ms"], abs=1)
            assert np.abs(sound).max() > 1000
        kinds = Counter(key.split("/")[3] for key in server.left_under(url)[0])
        assert 1 <= kinds.pop("frames") <= len(result["segments"])
        assert kinds == {"audio": 1 + 2, "embeddings": len(result["segments"]), "speech.json": 1, "waveform.npy": 1}
        assert client.delete(f"/v1/jobs/{job['id']}").status_code == 204
        assert server.left_under(url) == ([], [])
    assert not (tmp_path / "objects").exists()


def test_an_unreachable_store_is_a_503_and_no_job(server: S3Server, tmp_path: Path) -> None:
    with CuttingProxy(server.endpoint_url) as proxy:
        settings = server.behind(proxy.url).settings(tmp_path, server.url())
        with (
            open_services(settings, LocalWakeUps()) as services,
            TestClient(create_app(services, ["testserver"])) as client,
        ):
            proxy.fail()
            answer = client.post("/v1/jobs", files={"file": ("call.wav", encoded(VOICE[:, None], RATE, "wav"))})
            assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
            assert answer.headers["retry-after"] == "60"
            assert client.get("/v1/jobs").json()["data"] == []


def test_a_bucket_that_is_missing_ends_the_service_with_a_sentence(
    server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMOLINE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("EMOLINE_STORE_URL", "s3://no-such-bucket-here")
    monkeypatch.setenv("EMOLINE_STORE_ENDPOINT_URL", server.endpoint_url)
    monkeypatch.setenv("EMOLINE_STORE_PATH_STYLE", "1")
    completed = emoline("serve", "--port", 0)
    assert completed.returncode == 1
    assert "There is no bucket for s3://no-such-bucket-here; create it" in " ".join(completed.stderr.split())
    assert "Traceback" not in completed.stderr
