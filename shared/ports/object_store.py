"""Storage of bytes by key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import BinaryIO, Protocol


class ObjectWriter(Protocol):
    """An object that is being written."""

    def write(self, chunk: bytes, /) -> object:
        """Append bytes. Raises StorageFull."""
        ...


class ObjectStore(Protocol):
    """Bytes by key. Only the server makes keys, like `jobs/<id>/source`.

    All methods may raise StoreUnavailable, and those that read an object ObjectDamaged, where the store is well and the
    object alone cannot be read.
    """

    def check(self) -> None:
        """Raise StorageFull or StoreUnavailable unless the store takes an object and gives it back at present."""
        ...

    def writer(self, key: str) -> AbstractContextManager[ObjectWriter]:
        """Write an object, which exists only once the context is left without an exception.

        Raises:
            StorageFull: there is no room.
        """
        ...

    def open(self, key: str) -> AbstractContextManager[BinaryIO]:
        """Open an object to read and seek in while the context lasts. Raises ObjectNotFound."""
        ...

    def read(self, key: str, span: range | None = None) -> bytes:
        """Read an object, or a span of its bytes, in one round trip. Raises ObjectNotFound."""
        ...

    def delete_prefix(self, prefix: str) -> None:
        """Delete every object whose key starts with `prefix`, which must end with `/`. There may be none.

        Raises StoreUnavailable where any of them may still exist.
        """
        ...

    def sizes(self, prefix: str) -> dict[str, int]:
        """Return the bytes of every object whose key starts with `prefix`, which must end with `/`, by key."""
        ...

    def folders(self, prefix: str) -> Iterator[str]:
        """Yield the parts of keys between `prefix`, which must end with `/`, and the next `/`, each once."""
        ...

    def put_url(self, key: str, size: int, lasts_s: int) -> str | None:
        """Return a URL to which a client can PUT an object of `size` bytes, None where clients cannot reach the store.

        The URL is valid for `lasts_s` seconds.
        """
        ...
