"""Recordings by URL through the whole service: many at once, killed in the middle, and nothing told of secrets."""

from __future__ import annotations

import hashlib
import json
import signal
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest

from cli.embedded import embedded_service
from shared.settings import Settings
from tests.support.embedded_process import log_of, served
from tests.support.media.encode import encoded
from tests.support.media.speech import speech_like
from tests.support.servers.host import Host, hosting, raw, says
from tests.support.servers.receiver import receiving
from tests.support.service_client import Client
from tests.support.waiting import PATIENCE_S, wait_until

SOUND = encoded(speech_like(8, seed=21).samples[:, None], 16_000, "wav")
SECRET = "X-Signature=5ecre7"


@pytest.fixture
def host() -> Iterator[Host]:
    with hosting() as opened:
        yield opened


def submitted(client: Client, url: str, **config: object) -> str:
    answer = client.post("/v1/jobs", json={"source": {"url": url}, **config})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def test_a_batch_of_good_and_bad_urls_ends_each_in_its_own_way(tmp_path: Path, host: Host) -> None:
    settings = Settings(data_dir=tmp_path, allowed_networks=[ip_network("127.0.0.0/8")])
    good = [host.at(f"/{number}.wav?{SECRET}", says(SOUND)) for number in range(3)]
    urls = [*good, f"{host.url}/missing.wav?{SECRET}", "http://10.0.0.1/", "ftp://calls.example/"]
    with (
        receiving() as receiver,
        embedded_service(settings, "127.0.0.1", 0) as service,
        Client(base_url=service) as client,
    ):
        jobs = [{"source": {"url": url}} for url in urls]
        defaults = {"channels": "mix", "webhook_url": receiver.url}
        batch = client.post("/v1/batches", json={"jobs": jobs, "defaults": defaults}).json()
        assert [item["error"] is None for item in batch["items"]] == [True] * 5 + [False]
        ended = [client.ended(item["job"]["id"]) for item in batch["items"][:5]]
        looked = client.get(batch["links"]["self"]).json()
        texts = [client.get(f"/v1/jobs/{job['id']}/result").text for job in ended]
        uploaded, _ = client.analysed(SOUND, channels="mix")
        wait_until(lambda: len(receiver.received) >= 10, lambda: receiver.received)
    assert (looked["total"], looked["ended"]) == (5, 5)
    assert (looked["counts"]["succeeded"], looked["counts"]["failed"]) == (3, 2)
    codes = [job["error"] and job["error"]["code"] for job in ended]
    assert codes == [None, None, None, "download_failed", "download_refused"]
    assert {job["audio"]["sha256"] for job in ended[:3]} == {uploaded["audio"]["sha256"]}
    public_texts = [json.dumps(ended), *texts, *(request.body.decode() for request in receiver.received)]
    assert not any("5ecre7" in text for text in public_texts)


def test_a_service_killed_in_the_middle_of_a_download_fetches_it_at_the_next_start(
    tmp_path: Path, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMOLINE_ALLOWED_NETWORKS", '["127.0.0.0/8"]')
    slowly = raw(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(SOUND), SOUND[:9_000], *[b""] * 30, every_s=1)
    with served(tmp_path) as (process, client):
        job_id = submitted(client, host.at(f"/call.wav?{SECRET}", slowly))
        refused = submitted(client, f"{host.url}/missing.wav?{SECRET}")
        wait_until(lambda: len(host.asked) >= 2, lambda: host.asked)
        client.ended(refused)
        assert client.get(f"/v1/jobs/{job_id}").json()["stage"] == "preparing"
        process.send_signal(signal.SIGKILL)
    before = log_of(tmp_path).read_text()
    host.at("/call.wav", says(SOUND))
    with served(tmp_path) as (process, client):
        job = client.ended(job_id)
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_S)
    after = log_of(tmp_path).read_text()
    assert job["status"] == "succeeded"
    assert (job["audio"]["size_bytes"], job["audio"]["sha256"]) == (len(SOUND), hashlib.sha256(SOUND).hexdigest())
    assert host.asked.count(f"/call.wav?{SECRET}") == 2
    objects = tmp_path / "objects" / "jobs"
    assert [path.name for path in objects.rglob("*") if path.is_file() and path.parent.name == "audio"] == ["source"]
    assert "stage.failed" in before
    assert "5ecre7" not in before + after
