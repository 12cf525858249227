"""Recordings to send: speech-like sound as Opus, as a browser or a phone would."""

from __future__ import annotations

from pathlib import Path

from shared.domain.recording import SAMPLE_RATE
from tests.support.media.encode import encode
from tests.support.media.speech import speech_like


def write_sound(file: Path, seconds: float) -> Path:
    """The file; sounds of one length are the same."""
    return encode(speech_like(seconds, seed=1).samples[:, None], SAMPLE_RATE, file, "opus")
