"""WAV files whose header lies, built byte by byte."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import partial
from typing import Any

from tests.support.media.case import ANY_END, MUST_SUCCEED, NEVER_SUCCEEDS, RATE, Case, Outcome, speech

PCM, FLOAT, MP3, ADPCM, EXTENSIBLE = 1, 3, 0x55, 0x11, 0xFFFE
UNKNOWN_SIZE = 0xFFFFFFFF


def chunk(tag: bytes, content: bytes, size: int | None = None) -> bytes:
    return tag + struct.pack("<I", len(content) if size is None else size) + content + bytes(len(content) % 2)


def wav(
    content: bytes | None = None,
    *,
    tag: int = PCM,
    channels: int = 1,
    rate: int = RATE,
    bits: int = 16,
    block_align: int | None = None,
    byte_rate: int | None = None,
    riff: bytes = b"RIFF",
    riff_size: int | None = None,
    fmt_size: int | None = None,
    data_size: int | None = None,
    before_fmt: bytes = b"",
    before_data: bytes = b"",
    after_data: bytes = b"",
) -> bytes:
    """A WAV file of `content` (default: a second of speech, 16 bit mono), each header field open to a lie."""
    content = speech(1.0).tobytes() if content is None else content
    align = channels * bits // 8 if block_align is None else block_align
    per_second = (rate * align) % 2**32 if byte_rate is None else byte_rate
    fields = struct.pack("<HHIIHH", tag, channels, rate, per_second, align % 2**16, bits)
    body = b"WAVE" + before_fmt + chunk(b"fmt ", fields, fmt_size)
    body += before_data + chunk(b"data", content, data_size) + after_data
    return riff + struct.pack("<I", len(body) if riff_size is None else riff_size) + body


LIES: tuple[tuple[str, frozenset[Outcome], dict[str, Any]], ...] = (
    ("riff_size_0", MUST_SUCCEED, {"riff_size": 0}),
    ("riff_size_unknown", MUST_SUCCEED, {"riff_size": UNKNOWN_SIZE}),
    ("data_size_unknown", MUST_SUCCEED, {"data_size": UNKNOWN_SIZE}),
    ("sizes_unknown", MUST_SUCCEED, {"riff_size": UNKNOWN_SIZE, "data_size": UNKNOWN_SIZE}),
    ("data_size_0", ANY_END, {"data_size": 0}),
    ("data_size_double", MUST_SUCCEED, {"data_size": 64_000}),
    ("data_size_half", MUST_SUCCEED, {"data_size": 16_000}),
    ("data_size_odd", MUST_SUCCEED, {"data_size": 31_999}),
    ("rate_0", NEVER_SUCCEEDS, {"rate": 0}),
    ("rate_1", ANY_END, {"rate": 1}),
    ("rate_100", ANY_END, {"rate": 100}),
    ("rate_10_mhz", ANY_END, {"rate": 10_000_000}),
    ("rate_4_ghz", NEVER_SUCCEEDS, {"rate": 4_000_000_000}),
    ("channels_0", NEVER_SUCCEEDS, {"channels": 0}),
    ("channels_16", ANY_END, {"channels": 16}),
    ("channels_255", ANY_END, {"channels": 255}),
    ("channels_65535", ANY_END, {"channels": 65_535}),
    ("bits_0", ANY_END, {"bits": 0}),
    ("bits_3", ANY_END, {"bits": 3}),
    ("bits_12", ANY_END, {"bits": 12}),
    ("bits_64", ANY_END, {"bits": 64}),
    ("bits_65535", ANY_END, {"bits": 65_535}),
    ("block_align_0", ANY_END, {"block_align": 0}),
    ("block_align_3", ANY_END, {"block_align": 3}),
    ("block_align_65535", ANY_END, {"block_align": 65_535}),
    ("byte_rate_0", MUST_SUCCEED, {"byte_rate": 0}),
    ("byte_rate_wrong", MUST_SUCCEED, {"byte_rate": 7}),
    ("codec_0", ANY_END, {"tag": 0}),
    ("codec_unknown", NEVER_SUCCEEDS, {"tag": 0x7A7A}),
    ("codec_mp3_but_pcm", ANY_END, {"tag": MP3}),
    ("codec_adpcm_but_pcm", ANY_END, {"tag": ADPCM, "bits": 4}),
    ("codec_float_16_bit", ANY_END, {"tag": FLOAT}),
    ("extensible_cut", ANY_END, {"tag": EXTENSIBLE}),
    ("fmt_size_0", NEVER_SUCCEEDS, {"fmt_size": 0}),
    ("fmt_size_unknown", NEVER_SUCCEEDS, {"fmt_size": UNKNOWN_SIZE}),
    ("fmt_twice", ANY_END, {"before_fmt": chunk(b"fmt ", struct.pack("<HHIIHH", 1, 2, 8000, 8000, 4, 16))}),
    ("data_first", ANY_END, {"before_fmt": chunk(b"data", bytes(100))}),
    ("data_twice", ANY_END, {"after_data": chunk(b"data", bytes(3200))}),
    ("list_100_kb", MUST_SUCCEED, {"before_data": chunk(b"LIST", b"INFO" + bytes(100_000))}),
    ("chunks_1000", MUST_SUCCEED, {"before_data": chunk(b"junk", b"odd") * 1000}),
    ("junk_after", MUST_SUCCEED, {"after_data": b"\xff" * 5000}),
    ("rf64_without_ds64", ANY_END, {"riff": b"RF64", "riff_size": UNKNOWN_SIZE, "data_size": UNKNOWN_SIZE}),
    ("rifx_but_little_endian", ANY_END, {"riff": b"RIFX"}),
    ("no_samples", NEVER_SUCCEEDS, {"content": b""}),
    ("half_a_sample", NEVER_SUCCEEDS, {"content": b"\x00"}),
    ("one_sample", ANY_END, {"content": bytes(2)}),
    ("hundred_samples", ANY_END, {"content": bytes(200)}),
)


def header_only() -> bytes:
    return wav(b"")[:36]


def cases() -> Iterator[Case]:
    for label, acceptable, lie in LIES:
        yield Case(f"{label}.wav", "wav_header", acceptable, partial(wav, **lie))
    yield Case("no_data_chunk.wav", "wav_header", NEVER_SUCCEEDS, header_only)
