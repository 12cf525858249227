"""Jobs that are sent while parts of the service are away, and their results."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import httpx2

from tests.support.media.encode import encoded
from tests.support.media.speech import speech_like
from tests.support.service_client import Client
from tests.support.waiting import wait_until

CONFIG = {"channels": "mix", "segmentation": {"max_ms": 3000, "min_ms": 1000}}


def recordings(lengths_s: Iterable[int]) -> dict[str, bytes]:
    """Recordings of these lengths, by name."""
    sounds = {length: speech_like(length, seed=length).samples[:, None] for length in lengths_s}
    return {f"{length}.flac": encoded(sound, 16_000, "flac") for length, sound in sounds.items()}


def submit(client: Client, name: str, content: bytes) -> str:
    """Submit a recording until the API accepts it, and return the job's id."""

    def submit_once() -> str:
        with suppress(httpx2.TransportError, AssertionError):
            return str(client.submit(content, name, **CONFIG)["id"])
        return ""

    return wait_until(submit_once)


def result(client: Client, job_id: str) -> dict[str, Any]:
    """Return the result without its time and the URLs that contain the job's id."""
    document: dict[str, Any] = client.get(f"/v1/jobs/{job_id}/result").json()
    del document["finished_at"]
    for segment in document["segments"]:
        del segment["audio_url"]
    return document
