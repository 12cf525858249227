"""Bytes of an upload on their way into the store: a whole part, or what follows the bytes that are there."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from threading import RLock

from shared.domain.errors import PartSize
from shared.domain.upload import PartedUpload
from shared.ports import ObjectStore, ObjectWriter, StoredPart, UploadClaim, UploadStore
from shared.services.object_keys import piece_key

_PIECE_BYTES = 64 << 20
"""What came over tus is written down whenever there is as much: who is killed loses no more."""


class WholePart:
    """A part, which has `size` bytes and no others."""

    def __init__(self, writer: ObjectWriter, size: int) -> None:
        self._writer = writer
        self._missing = size

    def write(self, block: bytes) -> None:
        """Raises PartSize as soon as there are too many; StorageFull."""
        self._missing -= len(block)
        if self._missing < 0:
            raise PartSize
        self._writer.write(block)

    def finish(self) -> None:
        """Raises PartSize."""
        if self._missing:
            raise PartSize


class Appending:
    """Bytes that follow those of an upload that are there, in pieces. Keep or drop it at last."""

    def __init__(self, store: UploadStore, objects: ObjectStore, claim: UploadClaim) -> None:
        self._store = store
        self._objects = objects
        self._claim = claim
        self._piece = ExitStack()
        # Where the service is stopped, what is in hand is dropped while a thread still writes.
        self._one_at_a_time = RLock()
        self._writer: ObjectWriter | None = None
        self._size = 0

    @property
    def upload(self) -> PartedUpload:
        """The upload, with what was written down."""
        return self._claim.upload

    def write(self, block: bytes) -> None:
        """Takes the next bytes.

        Raises:
            PartSize: more than the upload is to have.
            UploadBusy: another request goes on with it.
            StorageFull: there is no room.
        """
        with self._one_at_a_time:
            if self.upload.offset + self._size + len(block) > self.upload.size:
                raise PartSize
            if self._writer is None:
                self._writer = self._piece.enter_context(self._objects.writer(self._key))
            self._writer.write(block)
            self._size += len(block)
            if self._size >= _PIECE_BYTES:
                self.keep()

    def keep(self) -> None:
        """Stores what has come, and writes it down. Raises UploadBusy, StorageFull."""
        with self._one_at_a_time:
            if self._writer is not None:
                self._piece.close()
                self._claim = self._store.append(self._claim, StoredPart(self._key, self._size))
                self._writer, self._size = None, 0

    def drop(self) -> None:
        """Leaves nothing of what was not written down, because of the exception that is being handled."""
        with self._one_at_a_time:
            self._piece.__exit__(*sys.exc_info())
            self._writer, self._size = None, 0

    @property
    def _key(self) -> str:
        return piece_key(self.upload.id, self._claim.fence, self.upload.offset)
