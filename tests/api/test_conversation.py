"""The conversation in the result of a job."""

from __future__ import annotations

import numpy as np
from fastapi.testclient import TestClient

from shared.container import Services
from shared.domain.options import JobOptions
from shared.domain.speech import SpeechSpan, SpeechTimes
from tests.support.analysed import Part, analysed

ROLES = ("agent", "customer")
ANGRY = np.tile(np.array([2.0, 0.0, 0.0], np.float32), (100, 1))


def test_the_result_has_the_figures_of_the_stored_times(client: TestClient, services: Services) -> None:
    parts = [Part(0, 0, ANGRY), Part(1, 3_000, ANGRY)]
    job_id = analysed(services, parts, JobOptions(channels="split", roles=ROLES))
    spans = (SpeechSpan(0, 0, 32_000, -20.5), SpeechSpan(1, 24_000, 80_000, None))
    services.speech_store.store(job_id, SpeechTimes((0, 1), True, spans))
    figures = client.get(f"/v1/jobs/{job_id}/result").json()["conversation"]
    assert (figures["overlap_ms"], figures["responses"]) == (500, [])
    agent, customer = figures["channels"]
    assert agent == {
        "channel": 0,
        "role": "agent",
        "talk_ms": 2_000,
        "talk_share": 32 / 88,
        "longest_turn": {"start_ms": 0, "end_ms": 2_000},
        "level_dbfs": -20.5,
        "turns": 1,
        "answers": None,
        "interruptions": 0,
        "backchannels": 0,
    }
    assert (customer["role"], customer["level_dbfs"], customer["interruptions"]) == ("customer", None, 1)
    assert customer["answers"] == {"count": 1, "median_ms": -500, "p90_ms": -500}


def test_a_job_of_a_version_without_times_of_speech_has_no_conversation(client: TestClient, services: Services) -> None:
    job_id = analysed(services, [Part(0, 0, ANGRY)], JobOptions())
    result = client.get(f"/v1/jobs/{job_id}/result").json()
    assert (result["conversation"], result["rises"]) == (None, [])
    assert result["summary"]["by_channel"][0]["usual_scores"] is None
