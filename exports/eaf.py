"""ELAN's annotation format: a tier for each channel, an annotation for each segment, and the recording by its name."""

from __future__ import annotations

import mimetypes
from datetime import UTC, datetime
from urllib.parse import quote

from pympi import Elan

from exports.speaker_lines import tiers
from shared.domain.recording import Recording
from shared.domain.timeline import Result


def to_eaf(recording: Recording, result: Result) -> bytes:
    """To be put beside the recording, which ELAN then opens with it."""
    document = Elan.Eaf(author="Emoline")
    document.adocument["DATE"] = datetime.now(UTC).isoformat(timespec="seconds")  # pympi's has wrong zones in India
    document.remove_tier("default")
    name = quote(recording.filename)
    kind, _ = mimetypes.guess_type(recording.filename)
    document.add_linked_file(name, f"./{name}", kind or "audio/x-wav")
    for tier in tiers(recording, result):
        document.add_tier(tier.name, part=tier.voice)
        for start, end, emotion in tier.labels:
            document.add_annotation(tier.name, start, end, emotion)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{Elan.to_string(document)}'.encode()
