"""Uploads of one recording in several requests, in numbered parts or over tus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shared.domain.upload_errors import PartNotFound

LASTS = timedelta(hours=24)
"""The lifetime of an upload, counted from its creation, its last bytes over tus, and its completion."""
LEAST_PART_BYTES = 64 << 10
"""A request costs more than fewer bytes."""
USUAL_PART_BYTES = 64 << 20
MOST_PART_BYTES = 5 << 30
"""The most that S3-compatible stores take in one request."""
_MOST_PARTS = 1000
"""The URLs of 1,000 parts are half a megabyte."""


class UploadState(StrEnum):
    """`open` takes bytes, of `complete` a job can be made, of `used` one was."""

    OPEN = "open"
    COMPLETE = "complete"
    USED = "used"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Part:
    """The `size` bytes from `offset` on. `number` counts from 1."""

    number: int
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class PartView:
    """A part, and whether it is stored. `url` takes it if not; None is a path of this service."""

    part: Part
    stored: bool
    url: str | None


@dataclass(frozen=True, slots=True)
class PartedUpload:
    """An upload of a recording of `size` bytes.

    `part_bytes` is the size of each part but the last, None over tus. Over tus, `offset` is the number of bytes
    received and `metadata` the header of the client. `job_id` is the id of its future job, set when its completion
    begins; `source_key` and `sha256` (hex digits) are those of the joined recording, set when it is complete.
    """

    id: str
    tenant: str
    filename: str
    size: int
    part_bytes: int | None
    created_at: datetime
    expires_at: datetime
    state: UploadState = UploadState.OPEN
    offset: int = 0
    metadata: str | None = None
    job_id: str | None = None
    source_key: str | None = None
    sha256: str | None = None

    @property
    def parts(self) -> Sequence[Part]:
        """All parts in order; empty for an upload over tus."""
        if self.part_bytes is None:
            return ()
        return [self.part(number + 1) for number in range(-(-self.size // self.part_bytes))]

    def part(self, number: int) -> Part:
        """Return a part by its number, from 1. Raises PartNotFound."""
        if self.part_bytes is None or not 0 < number <= -(-self.size // self.part_bytes):
            raise PartNotFound
        offset = (number - 1) * self.part_bytes
        return Part(number, offset, min(self.part_bytes, self.size - offset))


def part_bytes_for(size: int, preferred: int) -> int:
    """Return the size of parts in bytes: `preferred`, or more where an upload of `size` bytes had too many parts."""
    return max(preferred, -(-size // _MOST_PARTS))
