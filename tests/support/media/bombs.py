"""Small files that claim, or truly hold, hours of sound or absurd amounts of data."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import partial

from tests.support.media import ogg
from tests.support.media.case import ANY_END, MUST_SUCCEED, Case, spoken

HOURS = 3
FLAC_BLOCK = 65_535
OPUS_PACKET_SAMPLES = 5_760
"""120 ms at the 48 kHz in which Opus counts."""
OPUS_SILENT_PACKET = b"\x1b\x06"
"""TOC for SILK narrow band, 60 ms, code 3; two frames of no bytes: the decoder is to hide their loss."""
UNKNOWN_LENGTH = 0


def _crc(data: bytes, polynomial: int, bits: int) -> int:
    """FLAC's checksums: no reflection, start value 0."""
    value, top = 0, 1 << bits
    for byte in data:
        value ^= byte << (bits - 8)
        for _ in range(8):
            value <<= 1
            value = value ^ polynomial if value & top else value
    return value


def _utf8(number: int) -> bytes:
    return chr(number).encode()


def _flac_header(rate: int, channels: int, total: int) -> bytes:
    packed = rate << 44 | (channels - 1) << 41 | 15 << 36 | total
    info = struct.pack(">HH", FLAC_BLOCK, FLAC_BLOCK) + bytes(6) + packed.to_bytes(8, "big") + bytes(16)
    return b"fLaC" + b"\x80" + len(info).to_bytes(3, "big") + info


def _flac_silence(number: int, channels: int) -> bytes:
    """One frame of FLAC_BLOCK samples, each channel a single constant 0."""
    head = b"\xff\xf8\x70" + bytes([(channels - 1) << 4]) + _utf8(number) + struct.pack(">H", FLAC_BLOCK - 1)
    head += bytes([_crc(head, 0x107, 8)])
    body = head + bytes(3 * channels)
    return body + struct.pack(">H", _crc(body, 0x18005, 16))


def flac_bomb(rate: int, channels: int = 1, hours: float = HOURS, total: int | None = None) -> bytes:
    """Hours of silence at 14 bytes for each 65,535 samples; `total` is the length that the header states."""
    count = round(hours * 3600 * rate / FLAC_BLOCK)
    stated = count * FLAC_BLOCK if total is None else total
    frames = (_flac_silence(number, channels) for number in range(count))
    return _flac_header(rate, channels, stated) + b"".join(frames)


def opus_bomb(hours: float = HOURS) -> bytes:
    """Hours of silence at two bytes, and one of lacing, for each 120 ms."""
    head = b"OpusHead" + struct.pack("<BBHIHB", 1, 1, 0, 48_000, 0, 0)
    tags = b"OpusTags" + struct.pack("<I4sI", 4, b"none", 0)
    pages = [ogg.page([head], 0, 0, ogg.BEGIN), ogg.page([tags], 0, 1)]
    per_page = 255
    count = round(hours * 3600 * 48_000 / OPUS_PACKET_SAMPLES / per_page)
    for index in range(count):
        granule = (index + 1) * per_page * OPUS_PACKET_SAMPLES
        flags = ogg.END if index == count - 1 else 0
        pages.append(ogg.page([OPUS_SILENT_PACKET] * per_page, granule, index + 2, flags))
    return b"".join(pages)


def flac_claiming(total: int) -> bytes:
    """1.5 s of speech under a header that states `total` samples."""
    data = spoken("flac")
    packed = int.from_bytes(data[18:26], "big") >> 36 << 36 | total
    return data[:18] + packed.to_bytes(8, "big") + data[26:]


def cases() -> Iterator[Case]:
    yield Case("hours_8k.flac", "bomb", ANY_END, partial(flac_bomb, 8_000))
    yield Case("hours_16k.flac", "bomb", ANY_END, partial(flac_bomb, 16_000))
    yield Case("hours_96k_stereo.flac", "bomb", ANY_END, partial(flac_bomb, 96_000, 2, 1))
    yield Case("hours_unstated.flac", "bomb", ANY_END, partial(flac_bomb, 16_000, total=UNKNOWN_LENGTH))
    yield Case("day_understated.flac", "bomb", ANY_END, partial(flac_bomb, 8_000, hours=24, total=8_000))
    yield Case("fast_8_channels.flac", "bomb", ANY_END, partial(flac_bomb, 655_350, 8, 0.05))
    yield Case("hours.opus", "bomb", ANY_END, partial(opus_bomb, 2))
    yield Case("claims_months.flac", "bomb", ANY_END, partial(flac_claiming, 2**36 - 1))
    yield Case("claims_nothing.flac", "bomb", MUST_SUCCEED, partial(flac_claiming, UNKNOWN_LENGTH))
