"""The recording as players get it, and links that share one call."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from fastapi.testclient import TestClient

from shared.container import Services
from shared.domain.access import Scope
from shared.domain.job import JobState
from shared.domain.options import JobOptions
from shared.domain.recording import RecordingWarning
from shared.services.object_keys import source_key
from tests.support.analysed import Part, analysed
from tests.support.api_client import UNKNOWN, assert_problem, bearer, secret_of

CALL = [Part(0, 0, np.array([[3, 1, 0]], np.float32))]
HEADS = {
    "mp3": (b"\xff\xfb\x90\x64" + bytes(32) + b"Info" + bytes(4000), "audio/mpeg"),
    "mp3 with a tag": (
        b"ID3\x04\x00\x00\x00\x00\x01\x00" + bytes(128) + b"\xff\xfb\x90\x64" + bytes(16_000),
        "audio/mpeg",
    ),
    "mp3 of another length than its first frame says": (b"\xff\xfb\x40\x64" + bytes(16_000), None),
    "mp3 of variable bit rate": (b"\xff\xfb\x90\x64" + bytes(32) + b"Xing" + bytes(4000), None),
    "flac": (b"fLaC" + bytes(4000), "audio/flac"),
    "opus": (b"OggS" + bytes(4000), "audio/ogg"),
    "aac": (bytes(4) + b"ftypM4A " + bytes(4000), "audio/mp4"),
    "wmav2": (b"\x30\x26\xb2\x75" + bytes(4000), None),
}


def recorded(services: Services, content: bytes, codec: str, options: JobOptions | None = None, **changes: Any) -> str:
    """The id of an analysed job whose recording has these bytes."""
    job_id = analysed(services, CALL, options or JobOptions(), filename="客户 1.opus")
    job = services.jobs.get(job_id)
    with services.object_store.writer(source_key(job_id)) as writer:
        writer.write(content)
    fields: dict[str, Any] = {
        "codec": codec,
        "size_bytes": len(content),
        "source_key": source_key(job_id),
        "channels": 2,
        "duration": 16_000,
    } | changes
    services.job_retry.retry(job_id, "all")
    claim = services.ports.work_queue.claim_preparation()
    assert claim is not None
    known = claim.job.evolve(recording=replace(job.recording, **fields))
    services.ports.work_queue.save(claim, known.to(JobState.INFERRING, services.clock.now()))
    return job_id


def test_recordings_are_served_where_browsers_play_them_exactly(client: TestClient, services: Services) -> None:
    for kind, (content, media_type) in HEADS.items():
        job_id = recorded(services, content, kind.split()[0])
        url = f"/v1/jobs/{job_id}/audio"
        if media_type is None:
            assert_problem(client.get(url), 409, "audio_copy_pending")
            assert_problem(client.get(f"{url}/link"), 409, "audio_copy_pending")
        else:
            assert_served(client, url, content, media_type)
        services.cancellation.cancel(job_id)  # so that the next one is all that is to be done


def assert_served(client: TestClient, url: str, content: bytes, media_type: str) -> None:
    whole = client.get(url)
    assert (whole.status_code, whole.content) == (200, content)
    assert whole.headers["content-type"] == media_type
    assert whole.headers["content-disposition"].endswith("filename*=UTF-8''%E5%AE%A2%E6%88%B7%201.opus")
    part = client.get(url, headers={"Range": "bytes=100-"})
    assert (part.status_code, part.content) == (206, content[100:])
    assert part.headers["content-range"] == f"bytes 100-{len(content) - 1}/{len(content)}"
    assert_problem(client.get(url, headers={"Range": "bytes=99999-"}), 416, "range_not_satisfiable")
    assert client.get(f"{url}/link").json() == {"url": url, "media_type": media_type}


CHOICES: list[tuple[tuple[int | str, ...], bool]] = [
    ((0,), True), ((0, 0), True), ((0, "agent"), True), (("agent", "customer"), False), ((1, 0), False)
]  # fmt: skip
"""Channels to analyse, and whether that leaves one out."""


def test_channels_that_the_config_leaves_out_are_not_heard(client: TestClient, services: Services) -> None:
    """However often and by which name a channel is chosen, the other one is left out."""
    for analyse, withheld in CHOICES:
        options = JobOptions(channels="split", roles=("agent", "customer"), analyse=analyse)
        job_id = recorded(services, HEADS["opus"][0], "opus", options)
        answer = client.get(f"/v1/jobs/{job_id}/audio")
        if withheld:
            assert_problem(answer, 409, "audio_withheld")
        else:
            assert answer.content == HEADS["opus"][0]
        services.cancellation.cancel(job_id)


def test_a_recording_in_which_browsers_count_time_differently_is_not_served(
    client: TestClient, services: Services
) -> None:
    job_id = recorded(services, HEADS["opus"][0], "opus", warnings=(RecordingWarning.CONCATENATED,))
    assert_problem(client.get(f"/v1/jobs/{job_id}/audio"), 409, "audio_copy_pending")


def test_a_ticket_opens_the_sound_of_one_job_and_nothing_else(client: TestClient, services: Services) -> None:
    second = analysed(services, CALL, JobOptions())
    first = recorded(services, HEADS["opus"][0], "opus")
    own = bearer(secret_of(services, "default", Scope.READ))
    url = client.get(f"/v1/jobs/{first}/audio/link", headers=own).json()["url"]
    assert_problem(client.get(f"/v1/jobs/{first}/audio"), 401, "unauthorized")
    assert client.get(url).content == HEADS["opus"][0]
    ticket = url.partition("?ticket=")[2]
    assert_problem(client.get(f"/v1/jobs/{second}/audio", params={"ticket": ticket}), 401, "invalid_key")
    assert_problem(client.get(f"/v1/jobs/{first}/audio", params={"ticket": ticket[:-1] + "g"}), 401, "invalid_key")
    key_id, _, signature = ticket.split(".")
    later = f"{key_id}.9999999999.{signature}"
    assert_problem(client.get(f"/v1/jobs/{first}/audio", params={"ticket": later}), 401, "invalid_key")
    assert client.get(f"/v1/jobs/{first}", params={"ticket": ticket}).status_code in (401, 422)
    services.api_keys.revoke("default", key_id)
    assert_problem(client.get(url), 401, "invalid_key")


def test_a_share_link_reads_one_job_until_it_is_revoked(client: TestClient, services: Services) -> None:
    job_id, other = (analysed(services, CALL, JobOptions()) for _ in range(2))
    own = bearer(secret_of(services, "default"))
    made = client.post(f"/v1/jobs/{job_id}/shares", json={"name": "coach", "lasts_s": 3600}, headers=own)
    assert made.status_code == 201
    share, guest = made.json(), bearer(made.json()["secret"])
    assert share["url"] == f"/#/shared/{share['secret']}/{job_id}"
    for path in ("", "/result", "/curve", "/waveform", "/report.html"):
        assert client.get(f"/v1/jobs/{job_id}{path}", headers=guest).status_code in (200, 404), path
    for method, path in [
        ("GET", f"/v1/jobs/{other}"), ("GET", "/v1/jobs"), ("GET", "/v1/insights"), ("GET", "/v1/keys"),
        ("DELETE", f"/v1/jobs/{job_id}"), ("POST", f"/v1/jobs/{job_id}/shares"), ("GET", f"/v1/jobs/{job_id}/shares"),
        ("PUT", f"/v1/jobs/{job_id}/segments/0/correction"), ("POST", f"/v1/jobs/{job_id}/retry"),
    ]:  # fmt: skip
        body = {"emotion": "sad"} if method == "PUT" else {}
        assert_problem(client.request(method, path, headers=guest, json=body), 403, "missing_scope")
    listed = client.get(f"/v1/jobs/{job_id}/shares", headers=own).json()["data"]
    assert [(each["id"], each["name"], "secret" in each) for each in listed] == [(share["id"], "coach", False)]
    assert client.get("/v1/keys", headers=own).json()["data"][0]["id"] != share["id"]
    assert client.delete(f"/v1/jobs/{job_id}/shares/{share['id']}", headers=own).status_code == 204
    assert_problem(client.delete(f"/v1/jobs/{job_id}/shares/{share['id']}", headers=own), 404, "share_not_found")
    assert services.api_keys.shares("default", job_id)[0].revoked_at
    assert_problem(client.get(f"/v1/jobs/{UNKNOWN}/shares", headers=own), 404, "job_not_found")


def test_a_share_link_closes_no_open_service(client: TestClient, services: Services) -> None:
    job_id = analysed(services, CALL, JobOptions())
    assert client.post(f"/v1/jobs/{job_id}/shares", json={}).status_code == 201
    assert client.get("/v1/jobs").status_code == 200
