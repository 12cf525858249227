"""Read edit lists of MP4 and MOV, and apply those that FFmpeg does not play. Runs in the decoder's process.

An edit list says which parts of a track are played, and when. FFmpeg follows it where nothing or one pause precedes one
part. Where a recording was paused or its parts were joined, it plays other sound in the pauses, and cuts by packets.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import dropwhile, takewhile
from typing import BinaryIO

import numpy as np

from shared.domain.recording import SAMPLE_RATE
from worker.adapters.decoding.file_piece import FilePiece
from worker.adapters.decoding.range_decoder import Sound

_HEAD = struct.Struct(">I4s")
_MOST_BOXES = 1_000
_MOST_BYTES = 1 << 20
"""Of an edit list: 50,000 edits."""
_SILENCE = 10 * SAMPLE_RATE
_RATE_ONE = 1 << 16


@dataclass(frozen=True, slots=True)
class Edit:
    """Seconds of the track from `start`, or of silence where that is None."""

    seconds: Fraction
    start: Fraction | None


def read_edit_lists(file: BinaryIO | FilePiece) -> Mapping[int, Sequence[Edit]]:
    """Read the edit lists of all tracks of a file, by the tracks' identifiers; leaves the position as it is.

    Empty where FFmpeg follows those of the sound, or they cannot be followed: if parts are repeated or reordered.
    """
    if not file.seekable():
        return {}
    position = file.tell()
    try:
        before_fragments = takewhile(lambda box: box[0] != b"moof", _boxes(file, (0, file.seek(0, os.SEEK_END))))
        movie = [box for name, place in before_fragments if name == b"moov" for box in _boxes(file, place)]
        if b"mvex" in dict(movie):  # fragments say themselves when they are played
            return {}
        scale = _timescale(file, dict(movie)[b"mvhd"])
        tracks = [_read_track(file, place, scale) for name, place in movie if name == b"trak"]
    except (IndexError, KeyError, OSError, struct.error, ZeroDivisionError):
        return {}
    finally:
        file.seek(position)
    needed = any(is_sound and _is_followed_here(edits) for _, is_sound, edits in tracks)
    return {number: edits for number, _, edits in tracks if edits} if needed else {}


def edited(sound: Iterator[Sound], edits: Sequence[Edit], columns: int) -> Generator[Sound]:
    """Yield the parts of the `sound` of a whole track [n, columns] that are played, with silence between them."""
    parts = _Parts(sound, columns)
    played_s, played = Fraction(0), 0
    for edit in edits:
        played_s += edit.seconds
        missing = round(played_s * SAMPLE_RATE) - played
        played += missing
        if edit.start is not None:
            parts.skip_to(round(edit.start * SAMPLE_RATE))
            for part in parts.take(missing):
                missing -= len(part)
                yield part
        for begin in range(0, missing, _SILENCE):
            yield np.zeros((min(_SILENCE, missing - begin), columns), np.int16)
    for _ in sound:
        pass  # the end of the file may be missing


def _is_followed_here(edits: Sequence[Edit]) -> bool:
    """Tell whether FFmpeg does not follow such a list, and its parts are in the order of the track."""
    parts = list(dropwhile(lambda edit: edit.start is None, edits))
    end = Fraction(0)
    for part in parts:
        if part.start is not None:
            if part.start < end:
                return False
            end = part.start + part.seconds
    return len(parts) > 1


Place = tuple[int, int]
"""Where the content of a box begins and ends."""


def _boxes(file: BinaryIO | FilePiece, within: Place) -> Iterator[tuple[bytes, Place]]:
    begin, end = within
    for _ in range(_MOST_BOXES):
        if end - begin < _HEAD.size:
            return
        size, name = _HEAD.unpack(_read(file, begin, _HEAD.size))
        head = _HEAD.size
        if size == 1:
            (size,) = struct.unpack(">Q", _read(file, begin + head, 8))
            head += 8
        if size < head:
            return
        yield name, (begin + head, min(begin + size, end))
        begin += size


def _read_track(file: BinaryIO | FilePiece, track: Place, movie_scale: int) -> tuple[int, bool, Sequence[Edit]]:
    """Read the identifier of a track, whether it is sound, and its edits."""
    boxes = dict(_boxes(file, track))
    media = dict(_boxes(file, boxes[b"mdia"]))
    scale = _timescale(file, media[b"mdhd"])
    (number,) = struct.unpack(">I", _read(file, boxes[b"tkhd"][0] + (20 if _version(file, boxes[b"tkhd"]) else 12), 4))
    is_sound = _read(file, media[b"hdlr"][0] + 8, 4) == b"soun"
    lists = dict(_boxes(file, boxes[b"edts"])) if b"edts" in boxes else {}
    edits = []
    if b"elst" in lists:
        begin, end = lists[b"elst"]
        entry = struct.Struct(">QqI" if _version(file, (begin, end)) else ">IiI")
        content = _read(file, begin + 8, min(end - begin - 8, _MOST_BYTES))
        for duration, start, rate in entry.iter_unpack(content[: len(content) // entry.size * entry.size]):
            if rate != _RATE_ONE and start >= 0:
                return number, is_sound, ()
            if duration:
                edits.append(Edit(Fraction(duration, movie_scale), None if start < 0 else Fraction(start, scale)))
    return number, is_sound, edits


def _timescale(file: BinaryIO | FilePiece, header: Place) -> int:
    """Read the units per second in a `mvhd` or `mdhd`."""
    (scale,) = struct.unpack(">I", _read(file, header[0] + (20 if _version(file, header) else 12), 4))
    return int(scale)


def _version(file: BinaryIO | FilePiece, box: Place) -> int:
    return _read(file, box[0], 1)[0]


def _read(file: BinaryIO | FilePiece, place: int, size: int) -> bytes:
    file.seek(place)
    return file.read(size)


class _Parts:
    """The sound of a track, read to any place behind the one before."""

    def __init__(self, sound: Iterator[Sound], columns: int) -> None:
        self._sound = sound
        self._waiting = np.empty((0, columns), np.int16)
        self._place = 0

    def skip_to(self, place: int) -> None:
        for _ in self.take(place - self._place):
            pass

    def take(self, samples: int) -> Iterator[Sound]:
        """Yield so many samples, fewer at the end of the sound."""
        while samples > 0:
            if not len(self._waiting):
                following = next(self._sound, None)
                if following is None:
                    return
                self._waiting = following
            part, self._waiting = self._waiting[:samples], self._waiting[samples:]
            self._place += len(part)
            samples -= len(part)
            yield part
