"""An object store in a folder."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from shared.domain.errors import ObjectNotFound, StorageFull
from shared.ports import ObjectWriter

_ABANDONED_S = 24 * 3600
"""The age in seconds of the last byte after which a partial file is abandoned."""
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class LocalObjectStore:
    """Implements `shared.ports.ObjectStore` with files; a key is a relative path. Files are renamed when complete."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._incoming = self._root / ".incoming"
        self._incoming.mkdir(parents=True, exist_ok=True)
        for file in self._incoming.iterdir():  # partial files of processes that were killed
            with suppress(FileNotFoundError):
                if time.time() - file.stat().st_mtime > _ABANDONED_S:
                    file.unlink()

    @contextmanager
    def writer(self, key: str) -> Iterator[ObjectWriter]:
        target = self._path(key)
        with _storage_errors(), tempfile.NamedTemporaryFile(dir=self._incoming, delete=False) as file:
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
            file = self._path(key).open("rb")
        except FileNotFoundError as error:
            raise ObjectNotFound from error
        with file:
            yield file

    def read(self, key: str, span: range | None = None) -> bytes:
        with self.open(key) as file:
            if span is None:
                return file.read()
            file.seek(span.start)
            return file.read(len(span))

    def delete_prefix(self, prefix: str) -> None:
        if not prefix.endswith("/"):
            raise ValueError(f"a prefix to delete ends with '/', not {prefix!r}")
        shutil.rmtree(self._path(prefix), ignore_errors=True)

    def sizes(self, prefix: str) -> dict[str, int]:
        sizes: dict[str, int] = {}
        for folder, _, names in os.walk(self._path(prefix)):
            for file in map(Path(folder).joinpath, names):
                with suppress(FileNotFoundError):  # it was deleted meanwhile
                    sizes[file.relative_to(self._root).as_posix()] = file.stat().st_size
        return sizes

    def folders(self, prefix: str) -> Iterator[str]:
        with suppress(FileNotFoundError):
            yield from (entry.name for entry in self._path(prefix).iterdir() if entry.is_dir())

    def put_url(self, key: str, size: int, lasts_s: int) -> None:
        return None

    def _path(self, key: str) -> Path:
        if any(part in ("", ".", "..") for part in key.removesuffix("/").split("/")):
            raise ValueError(f"not a key: {key!r}")
        return self._root / key


@contextmanager
def _storage_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise StorageFull from error
        raise
