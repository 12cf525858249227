"""A local object store that takes as long as a distant one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, BinaryIO

from shared.ports import ObjectStore, ObjectWriter


@dataclass
class SlowStore:
    """`shared.ports.ObjectStore` whose every read and write takes some milliseconds longer; it counts them."""

    store: ObjectStore
    read_ms: float
    write_ms: float
    requests: int = 0
    _lock: Lock = field(default_factory=Lock)

    def read(self, key: str, span: range | None = None) -> bytes:
        self._wait(self.read_ms)
        return self.store.read(key, span)

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        self._wait(self.read_ms)
        with self.store.open(key) as file:
            yield file

    @contextmanager
    def writer(self, key: str) -> Iterator[ObjectWriter]:
        with self.store.writer(key) as writer:
            yield writer
            self._wait(self.write_ms)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def _wait(self, milliseconds: float) -> None:
        with self._lock:
            self.requests += 1
        time.sleep(milliseconds / 1000)
