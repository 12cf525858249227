"""Notices when a file is opened or a server is asked, by whatever process. Linux only: inotify(7)."""

from __future__ import annotations

import ctypes
import os
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Self

_LIBC = ctypes.CDLL(None, use_errno=True)
_ACCESSED_OR_OPENED = 0x01 | 0x20
_EVENTS = 4096


class Tripwire:
    """Over files, and a server on 127.0.0.1 that takes connections and never answers. A context manager."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._watch = _LIBC.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        for path in paths:
            if _LIBC.inotify_add_watch(self._watch, os.fsencode(path), _ACCESSED_OR_OPENED) < 0:
                raise OSError(ctypes.get_errno(), "cannot watch", str(path))
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.setblocking(False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.getsockname()[1]}/canary.wav"

    def touched(self) -> bool:
        """Return True if one of the files was opened since the last call."""
        try:
            return bool(os.read(self._watch, _EVENTS))
        except BlockingIOError:
            return False

    def asked(self) -> bool:
        """Return True if a client connected since the last call."""
        try:
            self._server.accept()[0].close()
        except BlockingIOError:
            return False
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._watch)
        self._server.close()
