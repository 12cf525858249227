"""Uploads in parts: what comes over several connections, in pieces, and becomes one recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shared.domain.errors import PartNotFound

LASTS = timedelta(hours=24)
"""From when an upload was begun, from the last that came of it over tus, and from when it was put together."""
LEAST_PART_BYTES = 64 << 10
"""A request for less costs more than the bytes."""
USUAL_PART_BYTES = 64 << 20
MOST_PART_BYTES = 5 << 30
"""No store of S3's kind takes more in one request."""
_MOST_PARTS = 1000
"""The URLs of as many are half a megabyte."""


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
    """A recording of `size` bytes on its way.

    `part_bytes` is the size of all its parts but the last, None for one over tus, of which the first `offset` bytes are
    there, and `metadata` is what its client said of it. `job_id` is of the job that is made of it, once it was begun to
    be put together, and `source_key` and `sha256` are of the recording when it is.
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
        """None for an upload over tus."""
        if self.part_bytes is None:
            return ()
        return [self.part(number + 1) for number in range(_ceiling(self.size, self.part_bytes))]

    def part(self, number: int) -> Part:
        """Raises PartNotFound."""
        if self.part_bytes is None or not 0 < number <= _ceiling(self.size, self.part_bytes):
            raise PartNotFound
        offset = (number - 1) * self.part_bytes
        return Part(number, offset, min(self.part_bytes, self.size - offset))


def part_bytes_for(size: int, wanted: int) -> int:
    """The size of parts that is nearest to `wanted` and makes them few enough."""
    return max(wanted, _ceiling(size, _MOST_PARTS))


def _ceiling(dividend: int, divisor: int) -> int:
    return -(-dividend // divisor)
