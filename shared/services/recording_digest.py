"""Size, SHA-256 and media type of a recording, computed as its bytes pass."""

from __future__ import annotations

import hashlib

from shared.domain.upload_errors import EmptyUpload, NotMedia, UploadTooLarge
from shared.services.file_type import HEAD_BYTES, plainly_not_media
from shared.services.unread_formats import describe_unread


class RecordingDigest:
    """Counts, hashes and checks a recording of at most `max_bytes` bytes; `size` is the number of bytes so far."""

    def __init__(self, max_bytes: int) -> None:
        self.size = 0
        self._max_bytes = max_bytes
        self._sha256 = hashlib.sha256()
        self._head = b""

    def expect(self, size: int | None) -> None:
        """Check the size in bytes that was announced, None if unknown. Raises UploadTooLarge."""
        if (size or 0) > self._max_bytes:
            raise UploadTooLarge(f"The file is larger than the {self._max_bytes} bytes that this service accepts.")

    def update(self, block: bytes) -> None:
        """Add the next bytes.

        Raises:
            UploadTooLarge: there are more than `max_bytes`.
            NotMedia: the first bytes are of a file of another kind.
        """
        self.size += len(block)
        self.expect(self.size)
        if len(self._head) < HEAD_BYTES:
            self._head = (self._head + block)[:HEAD_BYTES]
            if len(self._head) == HEAD_BYTES:
                self._check_type()
        self._sha256.update(block)

    def finish(self) -> str:
        """Check the whole recording and return its SHA-256, hex digits. Raises EmptyUpload, NotMedia."""
        if not self.size:
            raise EmptyUpload
        if len(self._head) < HEAD_BYTES:
            self._check_type()
        return self._sha256.hexdigest()

    def _check_type(self) -> None:
        if plainly_not_media(self._head):
            raise NotMedia(describe_unread(self._head))
