"""Faults of the folder of a local object store, which hold for root too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

StoreFault = Callable[[Path], AbstractContextManager[None]]


@contextmanager
def missing(root: Path) -> Iterator[None]:
    """Take the folder away, as where its disk is not mounted."""
    elsewhere = root.rename(root.with_name("elsewhere"))
    try:
        yield
    finally:
        elsewhere.rename(root)


@contextmanager
def not_mounted(root: Path) -> Iterator[None]:
    """Show the empty folder over which the disk is mounted."""
    with missing(root):
        root.mkdir()
        try:
            yield
        finally:
            root.rmdir()


@contextmanager
def unreadable(root: Path) -> Iterator[None]:
    """Put something in the folder's place of which no system call makes a folder."""
    with missing(root):
        root.symlink_to(root)
        try:
            yield
        finally:
            root.unlink()


FAULTS: list[StoreFault] = [missing, not_mounted, unreadable]
