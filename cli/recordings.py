"""Recordings on the command line: files, and folders with everything below them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path, PurePath

from shared.domain.raw_sound import RawSound
from shared.domain.recording import printable

_ENDINGS = """
.3gp .aac .ac3 .aif .aifc .aiff .amr .asf .au .avi .awb .caf .dts .eac3 .ec3 .flac .flv .m2ts .m4a .m4b .m4v .mka .mkv
.mov .mp2 .mp3 .mp4 .mpeg .mpg .mts .nist .oga .ogg .ogv .opus .snd .sph .spx .ts .tta .vob .voc .w64 .wav .webm
.wma .wmv .wv
"""
"""The formats of docs/api.md as people name their files. What is in a file is seen when it is decoded."""

_RESULT_FOLDERS = ("segments", "embeddings")
_RESULT_STEMS = ("result", "report", "heatmap")

_NAMED = 3
"""Left-out files whose names are said."""


@dataclass(frozen=True, slots=True)
class RecordingFile:
    """A recording: its path, and a relative path that names it and its results."""

    path: Path
    name: PurePath


@dataclass(frozen=True, slots=True)
class Listing:
    """The recordings of files and folders in their order, each once, and the other files of the folders."""

    recordings: list[RecordingFile]
    left_out: list[Path]

    def notice(self) -> str | None:
        """Return a sentence on the files that are left out, None if there are none."""
        if not self.left_out:
            return None
        names = ", ".join(printable(str(path)) for path in self.left_out[:_NAMED])
        rest = ", …" if len(self.left_out) > _NAMED else ""
        number = len(self.left_out)
        return (
            f"Left out: {number:,} {'file' if number == 1 else 'files'} without a recording's ending ({names}{rest})."
        )


def list_recordings(sources: Iterable[Path]) -> Listing:
    """List files as they are given, and the recordings below folders, sorted by their paths.

    A name is the file's, or its path within the folder; with several sources, the folder's name goes before. The second
    `call.mp3` becomes `call-2.mp3`. Files of earlier results are passed over.
    """
    places = list(dict.fromkeys(sources))
    listing, names, files = Listing([], []), set[str](), set[Path]()
    for source in places:
        is_folder, root = source.is_dir(), Path(os.path.abspath(source))
        base = root if is_folder and len(places) == 1 else root.parent
        for file in sorted(path for path in source.rglob("*") if path.is_file()) if is_folder else [source]:
            if is_folder and is_of_result(file):
                continue
            if is_folder and not is_recording(file.name):
                listing.left_out.append(file)
            elif file.resolve() not in files:
                files.add(file.resolve())
                name = (root / file.relative_to(source)).relative_to(base)
                listing.recordings.append(RecordingFile(file, first_free(PurePath(printable(str(name))), names)))
    return listing


def is_recording(filename: str) -> bool:
    """Whether a file in a folder is a recording by its name, headerless sound included. Hidden files are not."""
    known = filename.lower().endswith(tuple(_ENDINGS.split())) or RawSound.from_name(filename) is not None
    return known and not filename.startswith(".")


def first_free(name: PurePath, taken: set[str]) -> PurePath:
    """Return the name, or with `-2`, `-3` and so on the first that is not taken, in any case; then it is taken."""
    numbered = (name.with_name(f"{name.stem}-{number}{name.suffix}") for number in count(2))
    free = next(each for each in chain([name], numbered) if str(each).lower() not in taken)
    taken.add(str(free).lower())
    return free


def is_of_result(file: Path) -> bool:
    """Whether `emoline analyze` has written a file: beside a `result.json`, or into a folder beside one."""
    if file.parent.name in _RESULT_FOLDERS and (file.parent.parent / "result.json").is_file():
        return True
    return file.stem in _RESULT_STEMS and (file.parent / "result.json").is_file()
