"""An object store in a folder."""

from __future__ import annotations

import errno
import io
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NoReturn

from shared.domain.errors import ObjectDamaged, ObjectNotFound, StorageFull, StoreUnavailable
from shared.ports import ObjectWriter

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_ABANDONED_S = 24 * 3600
"""The age in seconds of the last byte after which a partial file is abandoned."""
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_RESOURCES = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN}
"""Errors of this process, which say nothing of the object, even where the next call succeeds."""
_PRIVATE = 0o700
_DELETIONS = 3
"""A worker may write into a folder while it is deleted."""


class LocalObjectStore:
    """Implements `shared.ports.ObjectStore` with files; a key is a relative path. Files are renamed when complete.

    Every error of the file system is one of the store, so that work waits for its end; only where the store takes and
    gives other objects at the same moment, an object is damaged or missing.
    """

    def __init__(self, root: Path) -> None:
        """Make the folder where it is missing. Raises StorageFull, StoreUnavailable."""
        self._root = root.resolve()
        self._incoming = self._root / ".incoming"
        with store_errors():
            self._root.mkdir(_PRIVATE, parents=True, exist_ok=True)
            self._incoming.mkdir(_PRIVATE, exist_ok=True)
            for file in self._incoming.iterdir():  # partial files of processes that were killed
                with suppress(FileNotFoundError):
                    if time.time() - file.stat().st_mtime > _ABANDONED_S:
                        file.unlink()

    @contextmanager
    def writer(self, key: str) -> Iterator[ObjectWriter]:
        target = self._path(key)
        with store_errors(), tempfile.NamedTemporaryFile(dir=self._incoming, delete=False) as file:
            try:
                yield file
                file.flush()
                os.fsync(file.fileno())
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(file.name, target)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        try:
            stored = StoredFile(self._path(key))
        except FileNotFoundError as error:
            self._require_folder()
            raise ObjectNotFound from error
        except OSError as error:
            self._raise_read_error(key, error)
        with io.BufferedReader(stored) as file:
            yield file

    def read(self, key: str, span: range | None = None) -> bytes:
        try:
            with self.open(key) as file:
                if span is None:
                    return file.read()
                file.seek(span.start)
                return file.read(len(span))
        except StoreUnavailable as error:
            if isinstance(error.__cause__, OSError):
                self._raise_read_error(key, error.__cause__)
            raise

    def check(self) -> None:
        with store_errors(), tempfile.NamedTemporaryFile(dir=self._incoming) as file:
            file.write(b"\0")
            file.flush()
            file.seek(0)
            file.read()

    def delete_prefix(self, prefix: str) -> None:
        if not prefix.endswith("/"):
            raise ValueError(f"a prefix to delete ends with '/', not {prefix!r}")
        folder = self._path(prefix)
        with store_errors():
            for last in (False,) * (_DELETIONS - 1) + (True,):
                try:
                    shutil.rmtree(folder)
                except OSError as error:
                    if not folder.exists():
                        self._require_folder()
                        return
                    if last or error.errno not in (errno.ENOENT, errno.ENOTEMPTY):
                        raise

    def sizes(self, prefix: str) -> dict[str, int]:
        sizes: dict[str, int] = {}
        self._require_folder()
        with store_errors():
            for folder, _, names in os.walk(self._path(prefix), onerror=raise_unless_missing):
                for file in map(Path(folder).joinpath, names):
                    with suppress(FileNotFoundError):  # it was deleted meanwhile
                        sizes[file.relative_to(self._root).as_posix()] = file.stat().st_size
        return sizes

    def folders(self, prefix: str) -> Iterator[str]:
        with suppress(FileNotFoundError):
            yield from (entry.name for entry in self._path(prefix).iterdir() if entry.is_dir())

    def put_url(self, key: str, size: int, lasts_s: int) -> None:
        return None

    def _require_folder(self) -> None:
        """Raise StoreUnavailable if the store is missing, as where its disk is not mounted, and not just an object."""
        if not self._incoming.is_dir():
            raise StoreUnavailable

    def _path(self, key: str) -> Path:
        if any(part in ("", ".", "..") for part in key.removesuffix("/").split("/")):
            raise ValueError(f"not a key: {key!r}")
        return self._root / key

    def _raise_read_error(self, key: str, error: OSError) -> NoReturn:
        """Raise ObjectDamaged if the store is well apart from one object, else StoreUnavailable or StorageFull."""
        if error.errno in _NO_RESOURCES:
            raise StoreUnavailable from error
        with suppress(StorageFull):  # which keeps nothing from being read
            self.check()
        raise ObjectDamaged.from_key(key) from error


class StoredFile(io.FileIO):
    """A file that is read; its errors are those of the store."""

    def readinto(self, buffer: WriteableBuffer, /) -> int | None:
        with store_errors():
            return super().readinto(buffer)

    def readall(self) -> bytes:
        with store_errors():
            return super().readall()


def raise_unless_missing(error: OSError) -> None:
    """Raise the error of a folder that cannot be listed, but not if there is none."""
    if not isinstance(error, FileNotFoundError):
        raise error


@contextmanager
def store_errors() -> Iterator[None]:
    """Translate errors of the file system to StorageFull or StoreUnavailable."""
    try:
        yield
    except StoreUnavailable:
        raise
    except OSError as error:
        raise (StorageFull if error.errno in _NO_ROOM else StoreUnavailable) from error
