"""Recordings to submit: speech-like sound as Opus, as browsers and phones send it."""

from __future__ import annotations

from pathlib import Path

from shared.domain.recording import SAMPLE_RATE
from tests.support.media.encode import encode
from tests.support.media.speech import speech_like


def write_sound(file: Path, seconds: float) -> Path:
    """Write a recording of some seconds and return its path; recordings of the same length are identical."""
    return encode(speech_like(seconds, seed=1).samples[:, None], SAMPLE_RATE, file, "opus")
