"""The files of segments, named by their numbers."""

from __future__ import annotations

from pathlib import Path


class NumberedFiles:
    """A folder with a file for each segment: `NNN` and a suffix. It is made with the first of them."""

    def __init__(self, folder: Path, suffix: str) -> None:
        self._folder = folder
        self._suffix = suffix
        self._written: set[Path] = set()

    def path(self, index: int) -> Path:
        """Where the file of a segment is to be written."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / numbered(index, self._suffix)
        self._written.add(path)
        return path

    def earlier(self) -> list[Path]:
        """The files with such names that this run has not written."""
        others = set(self._folder.glob(f"*{self._suffix}")) - self._written
        return sorted(path for path in others if self._is_numbered(path) and path.is_file())

    def drop_earlier(self) -> None:
        """Removes the files of an earlier run that this one has not written anew; those of other names stay."""
        for path in self.earlier():
            path.unlink()

    def _is_numbered(self, path: Path) -> bool:
        return path.stem.isdecimal() and path.name == numbered(int(path.stem), self._suffix)


def numbered(index: int, suffix: str) -> str:
    """The name of the file of a segment."""
    return f"{index:03d}{suffix}"
