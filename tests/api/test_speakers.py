"""Speakers of recordings in one channel: they count as channels everywhere, and people name and merge them."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from shared.container import Services
from shared.domain.job import JobState
from shared.domain.options import JobOptions
from shared.domain.recording import Recording
from shared.domain.segment import Segment, SegmentOutcome
from shared.domain.speakers import Speaker, SpeakerModel
from shared.domain.speech import SpeechSpan, SpeechTimes
from shared.ports import StoredSegment
from shared.services.object_keys import audio_key
from shared.waveform import Waveform
from tests.support.analysed import MODEL, submitted
from tests.support.api_client import assert_problem

SECOND = 16_000
ORDER = (0, 1, 0, 2, 1)
"""The speaker of each segment, of ten seconds each."""
ENCODER = SpeakerModel("campplus", "ab" * 32, "Apache-2.0")
EMOTIONS = ("angry", "happy", "sad")


@pytest.fixture
def url(services: Services) -> str:
    """A job whose three speakers were told apart."""
    job_id, queue = submitted(services, JobOptions(speakers="auto")), services.ports.work_queue
    segments = [Segment(at, 0, 10 * at * SECOND, (10 * at + 9) * SECOND, 8 * SECOND) for at in range(len(ORDER))]
    claim = queue.claim_preparation()
    assert claim is not None
    length = 10 * len(ORDER) * SECOND
    peaks = np.tile(np.array([-20, 20], np.int8), (length // 320, 1, 1))
    services.waveform_store.store(job_id, Waveform((0,), 0, length, peaks))
    spans = tuple(SpeechSpan(0, each.start, each.end, -20.0) for each in segments)
    services.speech_store.store(job_id, SpeechTimes((0,), True, spans))
    speakers = tuple(Speaker(certainty) for certainty in (0.9, 0.8, 0.7))
    recording: Recording = replace(claim.job.recording, speakers=speakers, speaker_model=ENCODER)
    job = claim.job.evolve(recording=recording, prepared=length, speech=8 * SECOND * len(ORDER))
    stored = [StoredSegment(each, audio_key(job_id, [each])) for each in segments]
    queue.save(claim, job, add=stored, speakers=ORDER)
    queue.save(claim, job.to(JobState.INFERRING, services.clock.now()))
    claims = queue.claim_segments(10**12)
    logits = {
        each.stored.segment: np.eye(3, dtype=np.float32)[[ORDER[each.stored.segment.index]] * 440] * 3
        for each in claims
    }
    key = services.frame_store.store_logits(job_id, logits)
    outcomes = [
        SegmentOutcome.scored(dict.fromkeys(EMOTIONS, 0.1) | {EMOTIONS[ORDER[each.stored.segment.index]]: 0.8})
        for each in claims
    ]
    queue.record(list(zip(claims, outcomes, strict=True)), MODEL, {job_id: key})
    finish = queue.claim_finish()
    assert finish is not None
    queue.save(finish, finish.job.to(JobState.SUCCEEDED, services.clock.now()))
    return f"/v1/jobs/{job_id}"


def result_of(client: TestClient, url: str) -> dict[str, Any]:
    return dict(client.get(f"{url}/result").json())


def test_speakers_are_the_channels_of_all_that_is_shown(client: TestClient, url: str) -> None:
    result = result_of(client, url)
    names = [f"S{number + 1}" for number in ORDER]
    lanes = client.get(f"{url}/lanes", params={"columns": 2000}).json()["data"]
    assert sorted(lane["role"] for lane in lanes) == sorted(names)
    assert [(each["speaker"], each["channel"], each["role"]) for each in result["segments"]] == [
        (name, number, name) for name, number in zip(names, ORDER, strict=True)
    ]
    assert [entry["speaker"] for entry in result["timeline"]] == names
    talk = [(each["id"], each["talk_ms"], each["talk_share"], each["certainty"]) for each in result["speakers"]]
    assert talk == [("S1", 16_000, 0.4, 0.9), ("S2", 16_000, 0.4, 0.8), ("S3", 8_000, 0.2, 0.7)]
    assert result["speaker_model"] == {"id": "campplus", "sha256": "ab" * 32, "licence": "Apache-2.0"}
    dominant = {each["role"]: each["dominant"]["emotion"] for each in result["summary"]["by_channel"]}
    assert dominant == {"S1": "angry", "S2": "happy", "S3": "sad"}
    assert [each["role"] for each in result["curve"]["channels"]] == ["S1", "S2", "S3"]
    assert [(each["role"], each["turns"]) for each in result["conversation"]["channels"]] == [
        ("S1", 2),
        ("S2", 2),
        ("S3", 1),
    ]
    assert result["time"]["channels"] == 1
    assert client.get(f"{url}/speakers").json()["data"] == result["speakers"]
    frames = client.get(f"{url}/frames", params={"channel": 2, "hop_ms": 1000}).json()
    assert [(each["channel"], each["role"]) for each in frames["channels"]] == [(2, "S3")]


def test_the_waveform_of_a_speaker_is_flat_where_others_speak(client: TestClient, url: str) -> None:
    waveform = client.get(f"{url}/waveform", params={"points": 50}).json()
    assert [each["role"] for each in waveform["channels"]] == ["S1", "S2", "S3"]
    for number, each in enumerate(waveform["channels"]):
        loud = np.array(each["max"]) > 0
        for place, speaker in enumerate(ORDER):
            assert loud[10 * place + 1 : 10 * place + 8].all() == (speaker == number)


def test_exports_are_by_speaker(client: TestClient, url: str) -> None:
    rows = list(
        csv.DictReader(io.StringIO(client.get(f"{url}/export", params={"format": "csv"}).text.lstrip("\ufeff")))
    )
    assert [row["speaker"] for row in rows] == ["S1", "S2", "S1", "S3", "S2"]
    rttm = client.get(f"{url}/export", params={"format": "rttm"}).text.splitlines()
    assert [(line.split()[2], line.split()[7]) for line in rttm[:2]] == [("1", "S1:angry"), ("1", "S2:happy")]
    eaf = client.get(f"{url}/export", params={"format": "eaf"}).text
    assert all(f'TIER_ID="S{number}"' in eaf for number in (1, 2, 3))
    assert client.get(f"{url}/report.html").status_code == client.get(f"{url}/heatmap.png").status_code == 200


def test_people_name_and_merge_speakers_and_all_follows(client: TestClient, url: str) -> None:
    answer = client.put(f"{url}/speakers/S1", json={"name": "Ada"})
    assert (answer.status_code, answer.json()["data"][0]["name"]) == (200, "Ada")
    answer = client.put(f"{url}/speakers/S3", json={"merge_into": "S1"})
    assert [(each["merged_into"], each["talk_ms"]) for each in answer.json()["data"]] == [
        (None, 24_000),
        (None, 16_000),
        ("S1", 0),
    ]
    result = result_of(client, url)
    assert [each["role"] for each in result["segments"]] == ["Ada", "S2", "Ada", "Ada", "S2"]
    assert [each["role"] for each in result["conversation"]["channels"]] == ["Ada", "S2"]
    assert "Ada:sad" in client.get(f"{url}/export", params={"format": "rttm"}).text
    client.put(f"{url}/speakers/S3", json={})
    client.put(f"{url}/speakers/S1", json={})
    assert [each["role"] for each in result_of(client, url)["segments"]] == ["S1", "S2", "S1", "S3", "S2"]


def test_speakers_that_are_not_there_are_refused(client: TestClient, url: str) -> None:
    assert_problem(client.put(f"{url}/speakers/S4", json={"name": "Ada"}), 404, "speaker_not_found")
    assert_problem(client.put(f"{url}/speakers/S1", json={"merge_into": "S1"}), 422, "invalid_speaker")
    assert_problem(client.put(f"{url}/speakers/S1", json={"merge_into": "S4"}), 422, "invalid_speaker")
    client.put(f"{url}/speakers/S2", json={"merge_into": "S1"})
    assert_problem(client.put(f"{url}/speakers/S1", json={"merge_into": "S2"}), 422, "invalid_speaker")
