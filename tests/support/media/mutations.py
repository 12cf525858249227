"""Thousands of broken files: small readable ones of every format, each with one to three things changed at random."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from shared.domain.raw_sound import RawSound
from tests.support.media import ogg
from tests.support.media.case import speech, spoken
from tests.support.media.encode import FORMATS
from tests.support.media.headerless import HEADERLESS
from tests.support.media.movies import PersonTrack, person_tracks

COUNT = 2_000
NAMES = (*FORMATS, *HEADERLESS)
MOST_CHANGES = 3
SECONDS = 1.0
LONGEST_RUN = 64
"""Bytes."""
HEADER = 256
"""Bytes; half of the changes fall into the first or the last of them, where headers and indexes are."""
EXTREMES = (
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\xff\xff\xff\x7f",
    b"\x80\0\0\0",
    bytes(4),
    b"\0\0\0\1",
    b"\1\0\0\0",
)
"""The largest and least numbers of 32 bits, in both orders of bytes."""
NAME = re.compile(rb"[A-Za-z][A-Za-z0-9 ]{3}")
"""Four letters: the name of a box or chunk, with its length before or behind it."""
TRACK_CODECS = {"matroska": "aac", "mp4": "aac", "mov": "pcm_s16le", "mpegts": "libmp3lame", "avi": "libmp3lame"}
"""The codec of the files of several tracks in each container."""

Change = Callable[[bytes, np.random.Generator], bytes]


@dataclass(frozen=True)
class Mutant:
    format_name: str
    changes: tuple[str, ...]
    """Keys of `CHANGES`."""
    data: bytes
    raw: RawSound | None = None
    """How to read headerless sound."""


def _place(data: bytes, rng: np.random.Generator) -> int:
    at = int(rng.integers(len(data)))
    where = rng.integers(4)
    if where == 0:
        return at % HEADER
    return max(0, len(data) - 1 - at % HEADER) if where == 1 else at


def _run(data: bytes, rng: np.random.Generator) -> tuple[int, int]:
    """From where to where: short runs as often as ones of half of the file."""
    start = min(_place(data, rng), len(data) - 1)
    longest = min(len(data) - start, LONGEST_RUN if rng.integers(2) else len(data) // 2)
    return start, start + int(rng.integers(1, max(2, longest + 1)))


def flip(data: bytes, rng: np.random.Generator) -> bytes:
    """Turns over one to sixteen bits."""
    changed = bytearray(data)
    for _ in range(rng.integers(1, 17)):
        changed[_place(data, rng) % len(data)] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def overwrite(data: bytes, rng: np.random.Generator) -> bytes:
    start, end = _run(data, rng)
    kinds = (bytes(end - start), b"\xff" * (end - start), rng.bytes(end - start))
    return data[:start] + kinds[rng.integers(len(kinds))] + data[end:]


def delete(data: bytes, rng: np.random.Generator) -> bytes:
    start, end = _run(data, rng)
    return data[:start] + data[end:]


def duplicate(data: bytes, rng: np.random.Generator) -> bytes:
    start, end = _run(data, rng)
    return data[:end] + data[start:end] * int(rng.integers(1, 4)) + data[end:]


def swap(data: bytes, rng: np.random.Generator) -> bytes:
    """Two neighbouring runs change places."""
    start, end = _run(data, rng)
    middle = int(rng.integers(start, end))
    return data[:start] + data[middle:end] + data[start:middle] + data[end:]


def truncate(data: bytes, rng: np.random.Generator) -> bytes:
    return data[: max(1, _place(data, rng))]


def insert(data: bytes, rng: np.random.Generator) -> bytes:
    at = _place(data, rng)
    return data[:at] + rng.bytes(int(rng.integers(1, LONGEST_RUN))) + data[at:]


def exaggerate(data: bytes, rng: np.random.Generator) -> bytes:
    """An extreme number beside the name of a box or chunk, or anywhere."""
    names = [match.start() for match in NAME.finditer(data)]
    beside = max(0, names[rng.integers(len(names))] + (-4, 4)[rng.integers(2)]) if names else 0
    at = beside if names and rng.integers(4) else _place(data, rng)
    return data[:at] + EXTREMES[rng.integers(len(EXTREMES))] + data[at + 4 :]


def join(data: bytes, rng: np.random.Generator) -> bytes:
    """The file two to four times, as by `cat`."""
    return data * int(rng.integers(2, 5))


CHANGES: dict[str, Change] = {
    change.__name__: change for change in (flip, overwrite, delete, duplicate, swap, truncate, insert, exaggerate, join)
}


def original(format_name: str) -> bytes:
    if format_name in HEADERLESS:
        return HEADERLESS[format_name].make()
    rates = FORMATS[format_name].rates
    return spoken(format_name, SECONDS, 16_000 if 16_000 in rates else rates[0])


@cache
def original_of_tracks(container_name: str) -> bytes:
    sounds = [speech(SECONDS, seed=seed) for seed in range(3)]
    codec = TRACK_CODECS[container_name]
    return person_tracks(container_name, codec, [PersonTrack(sounds[0].repeat(2, axis=1)), *map(PersonTrack, sounds)])


def mutant_of_tracks(index: int) -> Mutant:
    """A file of four sound tracks, changed like the others."""
    return _changed(index, list(TRACK_CODECS), original_of_tracks)


def mutant(index: int) -> Mutant:
    """The same for the same number in every run; each format and each first change come in turn.

    FFmpeg leaves out each page of Ogg whose checksum is wrong, so in half of the files they are put right.
    """
    return _changed(index, NAMES, original)


def _changed(index: int, formats: Sequence[str], make: Callable[[str], bytes]) -> Mutant:
    rng = np.random.default_rng(index)
    names = list(CHANGES)
    format_name = formats[index % len(formats)]
    further = rng.integers(len(names), size=rng.integers(MOST_CHANGES))
    changes = (names[index // len(formats) % len(names)], *(names[number] for number in further))
    data = make(format_name)
    for change in changes:
        data = CHANGES[change](data or b"\0", rng)
    if rng.integers(2):
        data = ogg.with_right_crcs(data)
    raw = HEADERLESS[format_name].raw if format_name in HEADERLESS else None
    return Mutant(format_name, changes, data, raw)
