"""Uploads through the service's own use cases."""

from __future__ import annotations

from collections import deque

from shared.container import Services
from shared.domain.upload import LASTS, PartedUpload
from shared.services.uploads import Uploads
from tests.support.media.case import spoken

MB = 1 << 20
WAV = spoken("wav")
LONG = WAV + bytes(3 * MB)
DAY_S = LASTS.total_seconds()


def objects(services: Services) -> list[str]:
    """Return the keys of all stored objects."""
    keys = [*services.object_store.sizes("uploads/"), *services.object_store.sizes("jobs/")]
    return sorted(keys)


def append(uploads: Uploads, upload: PartedUpload, offset: int, content: bytes) -> None:
    with uploads.append(upload.id, offset) as appending:
        appending.write(content)


def put_part(uploads: Uploads, upload: PartedUpload, *numbers: int, content: bytes = WAV) -> None:
    for number in numbers or range(1, len(upload.parts) + 1):
        part = upload.part(number)
        with uploads.receive_part(upload.id, number) as whole:
            whole.write(content[part.offset : part.offset + part.size])


def complete(uploads: Uploads, upload: PartedUpload, sha256: str | None = None) -> PartedUpload:
    deque(uploads.completing(upload.id, sha256), maxlen=0)
    return uploads.get(upload.id)


def appended(uploads: Uploads, content: bytes = WAV) -> PartedUpload:
    """Return a tus upload that has all of its bytes."""
    upload = uploads.create("call.wav", len(content), None)
    append(uploads, upload, 0, content)
    return upload


def source_of(services: Services, upload: PartedUpload) -> bytes:
    assert upload.source_key
    with services.object_store.open(upload.source_key) as file:
        return file.read()


def break_off(uploads: Uploads, upload: PartedUpload, offset: int, content: bytes, error: Exception) -> None:
    with uploads.append(upload.id, offset) as appending:
        for start in range(0, len(content), MB):
            appending.write(content[start : start + MB])
        raise error
