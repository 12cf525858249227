"""Writers of uploads: a whole part, or bytes over tus that follow the received ones."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from threading import RLock

from shared.domain.upload import PartedUpload
from shared.domain.upload_errors import PartSize
from shared.ports import ObjectStore, ObjectWriter, StoredPart, UploadClaim, UploadStore
from shared.services.object_keys import piece_key

_PIECE_BYTES = 64 << 20
"""The most bytes over tus that are lost when the process is killed: so many are recorded at once."""


class PartWriter:
    """Writes a part of exactly `size` bytes."""

    def __init__(self, writer: ObjectWriter, size: int) -> None:
        self._writer = writer
        self._missing = size

    def write(self, block: bytes) -> None:
        """Write the next bytes. Raises StorageFull, and PartSize as soon as there are too many."""
        self._missing -= len(block)
        if self._missing < 0:
            raise PartSize
        self._writer.write(block)

    def finish(self) -> None:
        """Check that the part is complete. Raises PartSize."""
        if self._missing:
            raise PartSize


class AppendWriter:
    """Appends bytes to an upload, as objects of up to 64 MiB. End it with `save` or `drop`."""

    def __init__(self, store: UploadStore, objects: ObjectStore, claim: UploadClaim) -> None:
        self._store = store
        self._objects = objects
        self._claim = claim
        self._piece = ExitStack()
        # When the service is stopped, `drop` is called while a thread still writes.
        self._lock = RLock()
        self._writer: ObjectWriter | None = None
        self._size = 0

    @property
    def upload(self) -> PartedUpload:
        """The upload as recorded in the database."""
        return self._claim.upload

    def write(self, block: bytes) -> None:
        """Write the next bytes.

        Raises:
            PartSize: the upload would be larger than declared.
            UploadBusy: another request has taken over the upload.
            StorageFull.
        """
        with self._lock:
            if self.upload.offset + self._size + len(block) > self.upload.size:
                raise PartSize
            if self._writer is None:
                self._writer = self._piece.enter_context(self._objects.writer(self._key))
            self._writer.write(block)
            self._size += len(block)
            if self._size >= _PIECE_BYTES:
                self.save()

    def save(self) -> None:
        """Store the bytes written so far and record them. Raises UploadBusy, StorageFull."""
        with self._lock:
            if self._writer is not None:
                self._piece.close()
                self._claim = self._store.append(self._claim, StoredPart(self._key, self._size))
                self._writer, self._size = None, 0

    def drop(self) -> None:
        """Drop the bytes that are not recorded, because of the exception that is being handled."""
        with self._lock:
            self._piece.__exit__(*sys.exc_info())
            self._writer, self._size = None, 0

    @property
    def _key(self) -> str:
        return piece_key(self.upload.id, self._claim.fence, self.upload.offset)
