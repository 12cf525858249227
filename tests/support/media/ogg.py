"""Ogg pages: taken apart, put together, and damaged on purpose. RFC 3533."""

from __future__ import annotations

import struct
from collections.abc import Iterator

CAPTURE = b"OggS"
HEADER_BYTES = 27
CRC_AT = slice(22, 26)
POLYNOMIAL = 0x04C11DB7
NO_GRANULE = 2**64 - 1
BEGIN, END = 2, 4


def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = (value << 1 ^ (POLYNOMIAL if value >> 31 else 0)) & 0xFFFFFFFF
        table.append(value)
    return table


CRC_TABLE = _crc_table()


def crc(data: bytes) -> int:
    value = 0
    for byte in data:
        value = (value << 8 & 0xFFFFFFFF) ^ CRC_TABLE[value >> 24 ^ byte]
    return value


def page(packets: list[bytes], granule: int, number: int, flags: int = 0, serial: int = 1) -> bytes:
    """One page of whole packets, which need at most 255 segments in all."""
    lacing = b"".join(b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255]) for packet in packets)
    header = CAPTURE + struct.pack("<BBQIIIB", 0, flags, granule, serial, number, 0, len(lacing))
    return with_crc(header + lacing + b"".join(packets))


def with_crc(data: bytes) -> bytes:
    """The page with its checksum put right."""
    blank = data[: CRC_AT.start] + bytes(4) + data[CRC_AT.stop :]
    return blank[: CRC_AT.start] + struct.pack("<I", crc(blank)) + blank[CRC_AT.stop :]


def pages(data: bytes) -> Iterator[bytes]:
    while data:
        segments = data[HEADER_BYTES - 1]
        size = HEADER_BYTES + segments + sum(data[HEADER_BYTES : HEADER_BYTES + segments])
        yield data[:size]
        data = data[size:]


def with_serial(data: bytes, serial: int) -> bytes:
    """The whole stream under another serial number."""
    return b"".join(with_crc(ogg_page[:14] + struct.pack("<I", serial) + ogg_page[18:]) for ogg_page in pages(data))


def with_broken_crc(data: bytes) -> bytes:
    return b"".join(
        ogg_page[: CRC_AT.start] + b"\xde\xad\xbe\xef" + ogg_page[CRC_AT.stop :] for ogg_page in pages(data)
    )


def with_right_crcs(data: bytes) -> bytes:
    """Broken pages with checksums that say that they are whole."""
    before, *bodies = data.split(CAPTURE)
    return before + b"".join(_as_a_page(CAPTURE + part) for part in bodies)


def _as_a_page(data: bytes) -> bytes:
    segments = data[HEADER_BYTES - 1] if len(data) >= HEADER_BYTES else 0
    size = HEADER_BYTES + segments + sum(data[HEADER_BYTES : HEADER_BYTES + segments])
    return with_crc(data[:size]) + data[size:] if len(data) >= size else data


def with_granule(data: bytes, granule: int) -> bytes:
    """Every sound page claims the same position."""
    first, second, *rest = pages(data)
    moved = [with_crc(ogg_page[:6] + struct.pack("<Q", granule) + ogg_page[14:]) for ogg_page in rest]
    return b"".join([first, second, *moved])


def backwards(data: bytes) -> bytes:
    """The sound pages in the wrong order."""
    first, second, *rest = pages(data)
    return b"".join([first, second, *reversed(rest)])


def multiplexed(first: bytes, second: bytes) -> bytes:
    """Two streams of differing serial numbers side by side, their first pages first."""
    (head, *rest), (other_head, *other_rest) = pages(first), pages(second)
    return b"".join([head, other_head, *rest, *other_rest])
