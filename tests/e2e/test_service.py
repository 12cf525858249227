"""From upload to result over HTTP, with the real decoder and the real model."""

from __future__ import annotations

import io
import itertools
import json
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
import soundfile

from cli.embedded import embedded_service
from shared.settings import Settings
from tests.support.media.encode import encoded
from tests.support.media.headerless import headerless
from tests.support.media.pictures import video_only
from tests.support.media.speech import speech_like
from tests.support.service_client import Client
from tests.support.waiting import PATIENCE_S, wait_until
from worker.adapters.decoding.decoder import FfmpegDecoder
from worker.pipeline.ports import Samples

RATE = 16_000
SAMPLE = Path(__file__).parents[2] / "samples" / "call.opus"
MINUTE = speech_like(60, seed=11).samples
CALL = np.stack([speech_like(60, seed=12).samples, speech_like(60, seed=13).samples], axis=1)


def segments_of(client: Client, job: dict[str, Any]) -> list[dict[str, Any]]:
    return list(client.get(f"/v1/jobs/{job['id']}/segments", params={"limit": 1000}).json()["data"])


def sound_of(client: Client, segment: dict[str, Any]) -> Samples:
    answer = client.get(segment["audio_url"])
    assert answer.headers["content-type"] == "audio/flac"
    samples: Samples = soundfile.read(io.BytesIO(answer.content), dtype="int16")[0]
    return samples


@pytest.fixture(scope="module")
def mono(client: Client) -> tuple[dict[str, Any], dict[str, Any]]:
    return client.analysed(encoded(MINUTE[:, None], RATE, "wav"))


def test_an_ended_job_has_audio_coverage_and_model(mono: tuple[dict[str, Any], dict[str, Any]]) -> None:
    job, _ = mono
    assert (job["status"], job["stage"], job["error"]) == ("succeeded", None, None)
    assert job["progress"]["segments_done"] == job["progress"]["segments_total"] > 2
    assert job["progress"]["percent"] == 100
    audio = job["audio"]
    assert (audio["duration_ms"], audio["channels"], audio["sample_rate"]) == (60_000, 1, 16_000)
    assert (audio["codec"], audio["channel_mode"], audio["warnings"]) == ("pcm_s16le", "mix", [])
    assert job["coverage"]["analysed_ms"] == pytest.approx(job["coverage"]["speech_ms"], rel=0.01)
    assert job["model"]["id"] == "emoline/mini"
    assert "not to be relied on" in job["model"]["notice"]


def test_the_result_has_whole_segments_with_scores_and_a_merged_timeline(
    mono: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    job, result = mono
    segments, timeline = result["segments"], result["timeline"]
    assert [segment["index"] for segment in segments] == list(range(len(segments)))
    assert all(0 < segment["end_ms"] - segment["start_ms"] <= 25_000 for segment in segments)
    assert all(before["end_ms"] <= after["start_ms"] for before, after in itertools.pairwise(segments))
    for segment in segments:
        assert segment["status"] == "ok"
        assert sum(segment["scores"].values()) == pytest.approx(1)
        assert segment["scores"][segment["emotion"]] == max(segment["scores"].values()) == segment["confidence"]
    assert [entry["start_ms"] for entry in timeline] == sorted(entry["start_ms"] for entry in timeline)
    for before, after in itertools.pairwise(timeline):
        assert before["emotion"] != after["emotion"] or after["start_ms"] - before["end_ms"] >= 2000
    assert result["model"] == job["model"]
    assert sum(result["summary"]["share_by_emotion"].values()) == pytest.approx(1)


def test_every_segments_sound_is_the_recordings_own_at_its_start(
    client: Client, mono: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    job, _ = mono
    for segment in segments_of(client, job):
        sound = sound_of(client, segment)
        start = segment["start_ms"] * RATE // 1000
        assert np.array_equal(sound, MINUTE[start : start + len(sound)])


def test_each_channel_of_a_call_is_analysed_by_itself(client: Client) -> None:
    job, result = client.analysed(encoded(CALL, RATE, "flac"))
    assert job["audio"]["channel_mode"] == "split"
    assert {entry["channel"] for entry in result["timeline"]} == {0, 1}
    assert [summary["channel"] for summary in result["summary"]["by_channel"]] == [0, 1]
    for segment in result["segments"]:
        sound = sound_of(client, segment)
        start = segment["start_ms"] * RATE // 1000
        assert np.array_equal(sound, CALL[start : start + len(sound), segment["channel"]])


def test_channels_are_mixed_when_asked(client: Client) -> None:
    job, result = client.analysed(encoded(CALL[: 20 * RATE], RATE, "wav"), channels="mix")
    assert job["audio"]["channel_mode"] == "mix"
    assert {segment["channel"] for segment in result["segments"]} == {0}


def test_one_channel_of_a_call_is_analysed_under_its_name_and_the_other_is_not(client: Client) -> None:
    all_channels, whole = client.analysed(SAMPLE.read_bytes(), channels="split")
    options = {"channels": "split", "roles": ["agent", "customer"], "analyse": ["customer"]}
    job, result = client.analysed(SAMPLE.read_bytes(), **options)
    assert (job["config"]["roles"], job["config"]["analyse"]) == (["agent", "customer"], ["customer"])
    assert (job["audio"]["channels"], job["audio"]["warnings"]) == (2, [])
    of_customer = [segment for segment in whole["segments"] if segment["channel"] == 1]
    spans = [(segment["start_ms"], segment["end_ms"]) for segment in result["segments"]]
    assert spans == [(segment["start_ms"], segment["end_ms"]) for segment in of_customer]
    assert [segment["index"] for segment in result["segments"]] == list(range(len(of_customer)))
    frames = client.get(job["links"]["frames"]).json()["channels"]
    for entry in [*result["segments"], *result["timeline"], *result["summary"]["by_channel"], *frames]:
        assert (entry["channel"], entry["role"]) == (1, "customer")
    assert 0 < job["coverage"]["speech_ms"] < all_channels["coverage"]["speech_ms"]
    assert job["coverage"]["analysed_ms"] == pytest.approx(job["coverage"]["speech_ms"], rel=0.01)


def test_roles_for_channels_that_a_recording_has_not_are_left_out_with_a_warning(client: Client) -> None:
    config = {"channels": "split", "roles": ["agent", "customer"]}
    job, result = client.analysed(encoded(MINUTE[: 10 * RATE, None], RATE, "wav"), **config)
    assert job["audio"]["warnings"] == ["not_split"]
    assert {(segment["channel"], segment["role"]) for segment in result["segments"]} == {(0, None)}


def test_a_segments_sound_can_be_sought_in(client: Client, mono: tuple[dict[str, Any], dict[str, Any]]) -> None:
    url = segments_of(client, mono[0])[0]["audio_url"]
    whole = client.get(url).content
    part = client.get(url, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(whole)}"


def test_segments_come_in_pages(client: Client, mono: tuple[dict[str, Any], dict[str, Any]]) -> None:
    job, result = mono
    url, segments, cursor = f"/v1/jobs/{job['id']}/segments", [], None
    while True:
        page = client.get(url, params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        segments += page["data"]
        if not (cursor := page["next_cursor"]):
            break
    assert segments == result["segments"]


def test_jobs_are_filtered_by_their_emotions(client: Client, mono: tuple[dict[str, Any], dict[str, Any]]) -> None:
    job, result = mono
    filters = {"dominant": result["dominant"]["emotion"], "label": result["segments"][-1]["emotion"]}
    for params in (filters, *({name: emotion} for name, emotion in filters.items())):
        assert job["id"] in [listed["id"] for listed in client.get("/v1/jobs", params=params).json()["data"]]
    for name in filters:
        assert client.get("/v1/jobs", params={name: "no emotion"}).json() == {"data": [], "next_cursor": None}


def test_the_timeline_is_merged_anew_as_asked(client: Client, mono: tuple[dict[str, Any], dict[str, Any]]) -> None:
    job, result = mono
    url = f"/v1/jobs/{job['id']}/timeline"
    assert client.get(url).json()["data"] == result["timeline"]
    assert len(client.get(url, params={"gap_ms": 0}).json()["data"]) >= len(result["timeline"])
    unsure = client.get(url, params={"min_confidence": 1.0}).json()["data"]
    assert {entry["emotion"] for entry in unsure} == {"unknown"}
    assert client.get(url, params={"channel": 5}).json()["data"] == []


@pytest.mark.parametrize(("rate", "flags"), [(8_000, ["narrowband"]), (16_000, [])])
def test_the_segments_of_a_telephone_recording_are_narrowband(client: Client, rate: int, flags: list[str]) -> None:
    voice = speech_like(8, rate, seed=14).samples
    hiss = np.random.default_rng(14).normal(scale=50, size=len(voice))
    _, result = client.analysed(encoded((voice + hiss).astype(np.int16)[:, None], rate, "wav_mulaw"))
    assert result["segments"]
    other_flags = [[flag for flag in segment["flags"] if flag != "unfamiliar"] for segment in result["segments"]]
    assert other_flags == [flags] * len(other_flags)


@pytest.mark.parametrize("sound", [np.zeros((10 * RATE, 1), np.int16), np.full((RATE // 5, 1), 900, np.int16)])
def test_a_recording_without_speech_succeeds_with_a_warning(client: Client, sound: Samples) -> None:
    job, result = client.analysed(encoded(sound, RATE, "wav"))
    assert job["audio"]["warnings"] == ["no_speech"]
    assert (result["dominant"], result["timeline"], result["segments"]) == (None, [], [])
    assert job["coverage"]["analysed_ms"] == 0


def test_a_truncated_recording_is_analysed_as_far_as_it_goes(client: Client) -> None:
    whole = encoded(MINUTE[:, None], RATE, "flac")
    job, result = client.analysed(whole[: len(whole) // 2])
    assert "truncated" in job["audio"]["warnings"]
    assert result["timeline"]
    assert 0 < job["audio"]["duration_ms"] < 60_000


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (video_only("mp4", "mpeg4"), "no_audio_stream"),
        (encoded(MINUTE[:0, None], RATE, "wav"), "decode_failed"),
        (bytes(range(256)) * 40, "unsupported_media"),
    ],
)
def test_an_unusable_recording_fails_with_a_code_and_a_sentence(client: Client, content: bytes, code: str) -> None:
    job = client.ended(client.submit(content)["id"])
    assert (job["status"], job["error"]["code"], job["error"]["retryable"]) == ("failed", code, False)
    assert job["error"]["message"].endswith(".")
    assert client.get(f"/v1/jobs/{job['id']}/result").json()["code"] == "no_result"


def test_a_channel_that_a_recording_has_not_fails_the_job(client: Client) -> None:
    sound = encoded(MINUTE[: 10 * RATE, None], RATE, "wav")
    job = client.ended(client.submit(sound, channels="split", analyse=[1])["id"])
    assert (job["status"], job["error"]["code"], job["error"]["retryable"]) == ("failed", "channel_missing", False)
    assert job["audio"]["channels"] == 1
    assert segments_of(client, job) == []


def test_headerless_sound_is_read_by_its_name_and_by_its_config(client: Client) -> None:
    for name, config in (("call.al", {}), ("call.raw", {"raw": {"codec": "alaw", "sample_rate": 8_000}})):
        content = headerless("alaw", 6.0)
        answer = client.post("/v1/jobs", files={"file": (name, content)}, data={"config": json.dumps(config)})
        job = client.ended(answer.json()["id"])
        assert (job["status"], job["audio"]["codec"], job["audio"]["sample_rate"]) == ("succeeded", "pcm_alaw", 8_000)
        assert job["audio"]["duration_ms"] == 6_000
        assert segments_of(client, job)


def test_a_job_deleted_while_it_runs_is_gone_and_the_service_goes_on(client: Client) -> None:
    job = client.submit(encoded(np.tile(MINUTE, 10)[:, None], RATE, "flac"))
    assert client.delete(f"/v1/jobs/{job['id']}").status_code == 204
    assert client.get(f"/v1/jobs/{job['id']}").status_code == 410
    client.analysed(encoded(MINUTE[: 5 * RATE, None], RATE, "wav"))


def test_the_service_gets_ready_by_itself_and_says_why_it_is_not(tmp_path: Path) -> None:
    with (
        embedded_service(Settings(data_dir=tmp_path), "127.0.0.1", 0) as url,
        httpx2.Client(base_url=url, timeout=PATIENCE_S) as fresh,
    ):
        assert fresh.get("/livez").status_code == 200
        unready = fresh.get("/readyz")
        assert (unready.status_code, unready.json()["problems"]) == (503, ["The model mini is being loaded."])
        wait_until(lambda: fresh.get("/readyz").status_code == 200, lambda: fresh.get("/readyz").text)
        assert fresh.get("/readyz").json() == {"status": "ready", "problems": []}


def test_the_speakers_of_a_mixed_call_are_told_apart_and_are_the_same_after_a_retry(client: Client) -> None:
    with SAMPLE.open("rb") as file, FfmpegDecoder(3600, 30).open(file) as stream:
        sound = np.concatenate(list(stream.blocks()))[: 40 * RATE]
    job, result = client.analysed(encoded(sound, RATE, "flac"), channels="mix", speakers="auto")
    assert [speaker["id"] for speaker in result["speakers"]] == ["S1", "S2"]
    truth = json.loads(SAMPLE.with_suffix(".json").read_text(encoding="utf-8"))["turns"]
    talk = {(speaker, turn["channel"]): 0 for speaker in ("S1", "S2") for turn in truth}
    for segment in result["segments"]:
        for turn in truth:
            shared = min(segment["end_ms"], turn["end_ms"]) - max(segment["start_ms"], turn["start_ms"])
            talk[segment["speaker"], turn["channel"]] += max(0, shared)
    right = talk["S1", 0] + talk["S2", 1]
    assert right > 0.9 * sum(talk.values())
    named = client.put(f"/v1/jobs/{job['id']}/speakers/S2", json={"name": "Ada"}).json()["data"]
    client.post(f"/v1/jobs/{job['id']}/retry", params={"scope": "all"})
    client.ended(job["id"])
    again = client.get(f"/v1/jobs/{job['id']}/result").json()
    assert again["speakers"] == named
    places = [
        [(each["start_ms"], each["end_ms"], each["speaker"]) for each in one["segments"]] for one in (result, again)
    ]
    assert places[0] == places[1]
