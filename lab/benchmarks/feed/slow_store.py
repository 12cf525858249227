"""An object store that takes as long as a distant one, and counts its requests and bytes."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, BinaryIO

from shared.ports import ObjectStore, ObjectWriter

_CONTENTS = {"/segments/": "sound", "/source": "recording", "/frames/": "logits", "/waveform": "waveform"}
"""The content of an object by a part of its key."""


@dataclass
class SlowStore:
    """`shared.ports.ObjectStore` whose every read and write takes some milliseconds longer.

    It counts requests and bytes by kind: "read sound", "write logits". To open a recording counts as one request.
    """

    store: ObjectStore
    read_ms: float = 0
    write_ms: float = 0
    requests: Counter[str] = field(default_factory=Counter)
    request_bytes: Counter[str] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock)

    def read(self, key: str, span: range | None = None) -> bytes:
        time.sleep(self.read_ms / 1000)
        content = self.store.read(key, span)
        self._count("read", key, len(content))
        return content

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        time.sleep(self.read_ms / 1000)
        with self.store.open(key) as file:
            self._count("read", key, os.fstat(file.fileno()).st_size)
            yield file

    @contextmanager
    def writer(self, key: str) -> Iterator[ObjectWriter]:
        with self.store.writer(key) as writer:
            counting = _CountingWriter(writer)
            yield counting
            time.sleep(self.write_ms / 1000)
        self._count("write", key, counting.size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def _count(self, verb: str, key: str, size: int) -> None:
        kind = f"{verb} {content_of(key)}"
        with self._lock:
            self.requests[kind] += 1
            self.request_bytes[kind] += size


@dataclass(slots=True)
class _CountingWriter:
    writer: ObjectWriter
    size: int = 0

    def write(self, chunk: bytes, /) -> None:
        self.writer.write(chunk)
        self.size += len(chunk)


def content_of(key: str) -> str:
    """Return the content of an object by its key: recording, sound, logits, waveform or other."""
    return next((content for part, content in _CONTENTS.items() if part in key), "other")
