"""Find the pauses in the sound of AVI files. Runs in the decoder's process.

Sound whose chunks have no fixed size is a chunk per frame, and an empty chunk is a frame in which there was none, as
where the sound begins later than the pictures. FFmpeg writes such chunks, and leaves them out when it reads.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from worker.adapters.decoding.edit_list import Edit
from worker.adapters.decoding.file_piece import FilePiece

_HEAD = struct.Struct("<4sI")
_NAME = 4
"""Bytes of the name of a list, or of a file's format."""
_HEADER = struct.Struct("<4s16xIIII8xI")
"""The kind of a stream; the scale and rate of its frames, its start, its length, and the size of its samples."""
_MOST_CHUNKS = 1_000
_MOST_INDEX_BYTES = 64 << 20
_INDEX = np.dtype([("name", "S4"), ("flags", "<u4"), ("offset", "<u4"), ("size", "<u4")])


def read_avi_pauses(file: BinaryIO | FilePiece, number: int) -> Sequence[Edit]:
    """Read the parts of a track of an AVI file and the pauses that FFmpeg leaves out; empty if there are none.

    Leaves the position as it is. A pause is one if the length of the track counts it.
    """
    if not file.seekable():
        return ()
    position = file.tell()
    try:
        lists = dict(_chunks(file, _HEAD.size + _NAME, file.seek(0, os.SEEK_END)))
        tracks = [place for name, place in _chunks(file, *lists[b"hdrl"]) if name == b"strl"]
        header = dict(_chunks(file, *tracks[number]))[b"strh"]
        kind, scale, rate, first, length, sample_size = _HEADER.unpack(_read(file, header[0], _HEADER.size))
        start, end = lists[b"idx1"]
        content = _read(file, start, min(end - start, _MOST_INDEX_BYTES))
    except (IndexError, KeyError, OSError, struct.error):
        return ()
    finally:
        file.seek(position)
    index = np.frombuffer(content, _INDEX, len(content) // _INDEX.itemsize)
    sizes = index["size"][index["name"] == f"{number:02d}wb".encode()]
    is_counted = kind == b"auds" and scale and rate and not sample_size and not first and length == len(sizes)
    return list(_parts(sizes == 0, Fraction(scale, rate))) if is_counted and not sizes.all() else ()


def _parts(empty: NDArray[np.bool_], frame_s: Fraction) -> Iterator[Edit]:
    """Yield the parts and the pauses of a track of frames of `frame_s` seconds, some of them `empty` [frames]."""
    edges = [0, *(np.flatnonzero(empty[1:] != empty[:-1]) + 1).tolist(), len(empty)]
    lengths = [end - begin for begin, end in pairwise(edges)]
    is_pause = bool(empty[0])
    if len(lengths) > 2 and lengths[0] == 1 and not is_pause:  # FFmpeg writes the first frame before the first pause
        lengths[:3] = [lengths[1], lengths[2] + 1]
        is_pause = True
    read = 0
    for frames in lengths:
        yield Edit(frames * frame_s, None if is_pause else read * frame_s)
        read += 0 if is_pause else frames
        is_pause = not is_pause


def _chunks(file: BinaryIO | FilePiece, begin: int, end: int) -> Iterator[tuple[bytes, tuple[int, int]]]:
    """Yield the names and places of chunks and of lists, which are named by their content."""
    for _ in range(_MOST_CHUNKS):
        if end - begin < _HEAD.size:
            return
        name, size = _HEAD.unpack(_read(file, begin, _HEAD.size))
        start, stop = begin + _HEAD.size, min(begin + _HEAD.size + size, end)
        if name == b"LIST":
            name = _read(file, start, _NAME)
            start += _NAME
        yield name, (start, stop)
        begin += _HEAD.size + size + size % 2


def _read(file: BinaryIO | FilePiece, place: int, size: int) -> bytes:
    file.seek(place)
    return file.read(size)
