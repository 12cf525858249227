"""Readable files cut short, with bits turned over, and with blocks zeroed, taken out or doubled."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from tests.support.media.case import ANY_END, MUST_SUCCEED, NEVER_SUCCEEDS, Case, Outcome, spoken
from tests.support.media.encode import FORMATS

STREAMED = ("wav", "aiff", "flac", "mp3", "aac", "vorbis", "opus", "amr")
"""Formats that are read from the front: the rest of a cut file can and must be analysed."""
INDEX_LAST = ("m4a", "mp4")
"""Formats that cannot be read without their end."""
OTHER = ("m4a_faststart", "mov", "mkv", "webm", "avi", "wma", "mpegts", "caf")

SECONDS = {"vorbis": 8.0, "opus": 8.0}
"""Ogg has pages of up to a second: a shorter file would be one page, and gone when that is cut."""

HEADER_BYTES = 12
BLOCK_BYTES = 400

Damage = Callable[[bytes, np.random.Generator], bytes]


def keep(share: float, data: bytes, _: np.random.Generator) -> bytes:
    return data[: round(len(data) * share)]


def keep_header(data: bytes, _: np.random.Generator) -> bytes:
    return data[:HEADER_BYTES]


def flip_bits(share: float, data: bytes, rng: np.random.Generator) -> bytes:
    """Turn over one bit in this share of the bytes, at least in one of them."""
    damaged = bytearray(data)
    for position in rng.integers(len(data), size=max(1, round(len(data) * share))):
        damaged[position] ^= 1 << int(rng.integers(8))
    return bytes(damaged)


def flip_header(data: bytes, rng: np.random.Generator) -> bytes:
    return flip_bits(0.02, data[:200], rng) + data[200:]


def replace_blocks(replacement: Callable[[bytes], bytes], data: bytes, rng: np.random.Generator) -> bytes:
    """Put something else in the place of three blocks; the first 10 % stay as they are."""
    size = min(BLOCK_BYTES, len(data) // 10)
    for start in sorted(rng.integers(len(data) // 10, len(data) - size, size=3), reverse=True):
        data = data[:start] + replacement(data[start : start + size]) + data[start + size :]
    return data


DAMAGES: dict[str, Damage] = {
    "cut_header": keep_header,
    "cut_10": partial(keep, 0.1),
    "cut_50": partial(keep, 0.5),
    "cut_90": partial(keep, 0.9),
    "flip_header": flip_header,
    "flip_1_percent": partial(flip_bits, 0.01),
    "zeroed": partial(replace_blocks, lambda block: bytes(len(block))),
    "removed": partial(replace_blocks, lambda block: b""),
    "doubled": partial(replace_blocks, lambda block: block * 2),
}


def acceptable(format_name: str, damage: str) -> frozenset[Outcome]:
    cut = damage.startswith("cut_")
    if damage == "cut_header" or (cut and format_name in INDEX_LAST):
        return NEVER_SUCCEEDS
    if damage in ("cut_50", "cut_90") and format_name in STREAMED:
        return MUST_SUCCEED
    return ANY_END


def damaged(format_name: str, damage: str) -> bytes:
    # crc32, as hash() of a string differs from run to run
    rng = np.random.default_rng(zlib.crc32(f"{format_name} {damage}".encode()))
    rate = max(rate for rate in FORMATS[format_name].rates if rate <= 16_000)
    return DAMAGES[damage](spoken(format_name, SECONDS.get(format_name, 1.5), rate), rng)


def cases() -> Iterator[Case]:
    for format_name in (*STREAMED, *INDEX_LAST, *OTHER):
        for damage in DAMAGES:
            name = f"{format_name}_{damage}{FORMATS[format_name].suffix}"
            make = partial(damaged, format_name, damage)
            yield Case(name, damage.split("_")[0], acceptable(format_name, damage), make)
