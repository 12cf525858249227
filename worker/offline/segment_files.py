"""The numbered files of segments."""

from __future__ import annotations

from pathlib import Path


class NumberedFiles:
    """A folder with one file per segment, named `NNN` and a suffix; it is created with the first file."""

    def __init__(self, folder: Path, suffix: str) -> None:
        self._folder = folder
        self._suffix = suffix
        self._written: set[Path] = set()

    def path(self, index: int) -> Path:
        """The path to write a segment's file to; the file counts as written from now on."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / segment_filename(index, self._suffix)
        self._written.add(path)
        return path

    def earlier(self) -> list[Path]:
        """The numbered files in the folder that this run has not written, sorted."""
        candidates = [path for path in self._folder.glob(f"*{self._suffix}") if path.stem.isdecimal()]
        numbered = {path for path in candidates if path.name == segment_filename(int(path.stem), self._suffix)}
        return sorted(path for path in numbered - self._written if path.is_file())

    def delete_earlier(self) -> None:
        """Delete the numbered files that this run has not written; files with other names stay."""
        for path in self.earlier():
            path.unlink()


def segment_filename(index: int, suffix: str) -> str:
    """The file name of segment `index`, as `007.wav`."""
    return f"{index:03d}{suffix}"
