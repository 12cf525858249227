"""ELAN's annotation format: a tier for each channel, an annotation for each segment, and the recording by its name."""

from __future__ import annotations

import mimetypes
from datetime import UTC, datetime
from threading import Lock
from urllib.parse import quote

from pympi import Elan

from exports.speaker_lines import speaker_tiers
from shared.domain.recording import Recording
from shared.domain.timeline import Result

_ONE_AT_A_TIME = Lock()
"""The document of a day takes 50 MB while it is made."""


def to_eaf(recording: Recording, result: Result) -> bytes:
    """Write a result as EAF in UTF-8; ELAN opens the file with the recording when both lie in one folder."""
    with _ONE_AT_A_TIME:
        return _document(recording, result)


def _document(recording: Recording, result: Result) -> bytes:
    document = Elan.Eaf(author="Emoline")
    document.adocument["DATE"] = datetime.now(UTC).isoformat(timespec="seconds")  # pympi's has wrong zones in India
    document.remove_tier("default")
    filename = quote(recording.filename)
    media_type, _ = mimetypes.guess_type(recording.filename)
    document.add_linked_file(filename, f"./{filename}", media_type or "audio/x-wav")
    for tier in speaker_tiers(recording, result):
        document.add_tier(tier.name, part=tier.speaker)
        for start_ms, end_ms, emotion in tier.labels:
            document.add_annotation(tier.name, start_ms, end_ms, emotion)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{Elan.to_string(document)}'.encode()
