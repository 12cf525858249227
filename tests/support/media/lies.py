"""Headers that lie of length, time, rate, channels or number, in all formats but WAV; and sound that changes midway.

Most are readable files of 1.5 s with a field replaced.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Callable, Iterator
from functools import partial

from tests.support.media import boxes, ebml, ogg
from tests.support.media.case import ANY_END, MUST_SUCCEED, NEVER_SUCCEEDS, RATE, Case, Outcome, speech, spoken
from tests.support.media.containers import id3, tracks
from tests.support.media.encode import encoded
from tests.support.media.references import fragmented
from tests.support.media.wav_headers import wav

MOST = 2**32 - 1
FOUR_BILLION = 4_000_000_000
MOST_CHANNELS = 65_535
HOURS_MS = 4 * 3_600_000
FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
"""ASF's object of counts, lengths and sizes of packets."""
INFINITE_EXTENDED = bytes.fromhex("7fff8000000000000000")
"""The 80 bits in which AIFF writes a rate."""


def patched(data: bytes, mark: bytes, offset: int, field: bytes) -> bytes:
    """Return `data` with the bytes replaced that lie `offset` bytes behind `mark`."""
    at = data.index(mark) + len(mark) + offset
    return data[:at] + field + data[at + len(field) :]


def patch(format_name: str, mark: bytes, offset: int, layout: str, *values: float) -> bytes:
    return patched(spoken(format_name), mark, offset, struct.pack(layout, *values))


def mp4_table(kind: bytes, layout: str, *values: int) -> bytes:
    """An M4A whose sample table says something else."""
    path = (b"moov", b"trak", b"mdia", b"minf", b"stbl", kind)
    return boxes.replace_box(spoken("m4a"), path, struct.pack(">I" + layout, 0, *values))


def mp4_edit(duration: int, media_time: int) -> bytes:
    """An M4A whose edit list starts elsewhere; times in units of the movie and of the sound."""
    entry = struct.pack(">IIIiI", 0, 1, duration, media_time, 0x10000)
    return boxes.replace_box(spoken("m4a"), (b"moov", b"trak", b"edts", b"elst"), entry)


def in_matroska(
    *times_ms: int, rate: float = RATE, channels: int = 1, scale: int = ebml.MILLISECOND, duration: float = 1_000.0
) -> bytes:
    """A second of speech at each of these times."""
    sound = speech(1.0).tobytes()
    clusters = (ebml.cluster(time, [(0, sound)]) for time in times_ms or (0,))
    return ebml.matroska(ebml.info(scale, duration), ebml.tracks(rate, channels), *clusters)


def negative_times() -> bytes:
    """Blocks that lie before the start of the recording."""
    sound = speech(1.0).tobytes()
    blocks = [(-32_768 + 1_000 * second, sound) for second in range(5)]
    return ebml.matroska(ebml.info(), ebml.tracks(), ebml.cluster(0, blocks))


def _adts(rate: int, channels: int) -> list[bytes]:
    """The frames of an AAC stream."""
    data = encoded(speech(0.5, rate).repeat(channels, axis=1), rate, "aac")
    frames = []
    while data:
        size = int.from_bytes(data[3:6], "big") >> 5 & 0x1FFF
        frames.append(data[:size])
        data = data[size:]
    return frames


def changing(*formats: tuple[int, int]) -> bytes:
    """AAC of which each frame has another rate and number of channels than the one before."""
    streams = [_adts(rate, channels) for rate, channels in formats]
    return b"".join(itertools.chain.from_iterable(zip(*streams, strict=False)))


def opus_head(channels: int, skip: int, mapping: bytes) -> bytes:
    """Opus with another head; `skip` samples are to be left out at the start."""
    _, *rest = ogg.pages(ogg.with_serial(spoken("opus"), 1))
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, channels, skip, MOST, 32_767, len(mapping) > 0) + mapping
    return b"".join([ogg.page([head], 0, 0, ogg.BEGIN), *rest])


def vorbis_head(channels: int, rate: int) -> bytes:
    first, *rest = ogg.pages(spoken("vorbis"))
    return ogg.with_crc(patched(first, b"\x01vorbis", 4, struct.pack("<BI", channels, rate))) + b"".join(rest)


def many_streams(count: int) -> bytes:
    """Ogg that begins `count` streams, each with a first page and no other."""
    first, *_ = ogg.pages(spoken("opus"))
    heads = (ogg.with_serial(first, serial) for serial in range(100, 100 + count))
    return spoken("opus") + b"".join(heads) + spoken("opus")


def chain_that_widens() -> bytes:
    """Ogg of one stream, followed by two side by side, as a station may send."""
    two_streams = ogg.multiplexed(ogg.with_serial(spoken("opus", seed=1), 8), ogg.with_serial(spoken("vorbis"), 9))
    return ogg.with_serial(spoken("opus"), 1) + two_streams


def side_by_side(channels: int) -> bytes:
    """A WAV that is as it should be, of more channels than loudspeakers were ever named for."""
    return wav(speech(0.1).repeat(channels, axis=1).tobytes(), channels=channels)


def flac_rate(rate: int, channels: int = 1) -> bytes:
    data = spoken("flac")
    packed = int.from_bytes(data[18:26], "big") & 2**41 - 1 | rate << 44 | (channels - 1) << 41
    return data[:18] + packed.to_bytes(8, "big") + data[26:]


def mp3_stating(frames: int) -> bytes:
    """MP3 whose first frame says how many follow."""
    data = spoken("mp3_vbr")
    return patched(data, b"Xing" if b"Xing" in data else b"Info", 4, struct.pack(">I", frames))


def ape_tag(size: int, items: int) -> bytes:
    """MP3 with a tag at its end that says to be longer than the file."""
    return spoken("mp3") + b"APETAGEX" + struct.pack("<IIII", 2000, size, items, 0) + bytes(8)


def flv_metadata(depth: int) -> bytes:
    """FLV whose first tag is objects in objects."""
    content = b"\x02\x00\x0aonMetaData" + b"\x03\x00\x01a" * depth
    tag = b"\x12" + len(content).to_bytes(3, "big") + bytes(7) + content
    data = spoken("flv")
    return data[:13] + tag + struct.pack(">I", len(tag)) + data[13:]


def ts_restarting() -> bytes:
    """MPEG-TS in which time starts anew 15 times, each time elsewhere."""
    starts = (tracks("mpegts", "aac", (second,)) for second in (0, 5_000, 3, 9_000, 10))
    return b"".join(starts) * 3


FIELDS: tuple[tuple[str, frozenset[Outcome], Callable[[], bytes]], ...] = (
    ("aiff_rate_infinite.aiff", NEVER_SUCCEEDS, lambda: patched(spoken("aiff"), b"COMM", 12, INFINITE_EXTENDED)),
    ("aiff_channels_65535.aiff", NEVER_SUCCEEDS, partial(patch, "aiff", b"COMM", 4, ">H", MOST_CHANNELS)),
    ("aiff_frames_4_billion.aiff", ANY_END, partial(patch, "aiff", b"COMM", 6, ">I", MOST)),
    ("au_rate_4_ghz.au", NEVER_SUCCEEDS, partial(patch, "au", b".snd", 12, ">I", FOUR_BILLION)),
    ("au_channels_65535.au", NEVER_SUCCEEDS, partial(patch, "au", b".snd", 16, ">I", MOST_CHANNELS)),
    ("au_starts_at_4_gb.au", ANY_END, partial(patch, "au", b".snd", 0, ">I", MOST)),
    ("caf_rate_nan.caf", NEVER_SUCCEEDS, partial(patch, "caf", b"desc", 8, ">d", float("nan"))),
    ("caf_rate_1e300.caf", NEVER_SUCCEEDS, partial(patch, "caf", b"desc", 8, ">d", 1e300)),
    ("caf_channels_4_billion.caf", NEVER_SUCCEEDS, partial(patch, "caf", b"desc", 32, ">I", MOST)),
    ("caf_packet_of_4_gb.caf", ANY_END, partial(patch, "caf", b"desc", 24, ">I", MOST)),
    ("caf_packets_2_to_63.caf", ANY_END, partial(patch, "caf_alac", b"pakt", 8, ">q", 2**63 - 1)),
    ("flac_rate_0.flac", ANY_END, partial(flac_rate, 0)),
    ("flac_rate_1_mhz.flac", ANY_END, partial(flac_rate, 2**20 - 1, 8)),
    ("wavpack_samples_4_billion.wv", ANY_END, partial(patch, "wavpack", b"wvpk", 8, "<IIIII", MOST - 1, 0, MOST, 0, 0)),
    ("mp3_frames_4_billion.mp3", MUST_SUCCEED, partial(mp3_stating, MOST)),
    ("mp3_tag_within_tag.mp3", ANY_END, lambda: id3(id3(bytes(100)) * 100) + spoken("mp3")),
    ("ape_tag_of_4_gb.mp3", ANY_END, partial(ape_tag, MOST, MOST)),
    ("opus_channels_0.opus", NEVER_SUCCEEDS, partial(opus_head, 0, 0, b"")),
    ("opus_channels_255.opus", ANY_END, partial(opus_head, 255, 0, bytes([255, 0]) + bytes(255))),
    ("opus_skips_all.opus", ANY_END, partial(opus_head, 1, 65_535, b"")),
    ("vorbis_rate_4_ghz.ogg", NEVER_SUCCEEDS, partial(vorbis_head, 1, FOUR_BILLION)),
    ("vorbis_channels_255.ogg", NEVER_SUCCEEDS, partial(vorbis_head, 255, RATE)),
    ("channels_9.wav", ANY_END, partial(side_by_side, 9)),
    ("channels_33.wav", ANY_END, partial(side_by_side, 33)),
    ("ogg_begins_500_streams.opus", ANY_END, partial(many_streams, 500)),
    ("ogg_widens.opus", MUST_SUCCEED, chain_that_widens),
    ("mp4_millennia.m4a", ANY_END, partial(patch, "m4a", b"mvhd", 12, ">II", 1, MOST)),
    ("mp4_one_tick_a_second.m4a", ANY_END, partial(patch, "m4a", b"mdhd", 12, ">II", 1, MOST)),
    ("mp4_no_ticks.m4a", ANY_END, partial(patch, "m4a", b"mdhd", 12, ">II", 0, MOST)),
    ("mp4_channels_65535.m4a", ANY_END, partial(patch, "m4a", b"mp4a", 16, ">H", MOST_CHANNELS)),
    ("mp4_fragment_of_4_billion.mp4", ANY_END, lambda: patched(fragmented(), b"trun", 4, struct.pack(">I", MOST))),
    ("mp4_fragment_in_millennia.mp4", ANY_END, lambda: patched(fragmented(), b"tfdt", 4, struct.pack(">Q", 2**63))),
    ("mp4_times_4_billion.m4a", ANY_END, partial(mp4_table, b"stts", "III", 1, MOST, MOST)),
    ("mp4_sizes_4_billion.m4a", ANY_END, partial(mp4_table, b"stsz", "II", 1, MOST)),
    ("mp4_chunks_4_billion.m4a", NEVER_SUCCEEDS, partial(mp4_table, b"stco", "I", MOST)),
    ("mp4_sound_behind_the_end.m4a", NEVER_SUCCEEDS, partial(mp4_table, b"stco", "II", 1, MOST)),
    ("mp4_starts_in_millennia.m4a", ANY_END, partial(mp4_edit, MOST, -1)),
    ("mp4_starts_behind_the_end.m4a", ANY_END, partial(mp4_edit, MOST, 2**31 - 1)),
    ("mkv_millennia.mkv", MUST_SUCCEED, partial(in_matroska, duration=1e17)),
    ("mkv_length_nan.mkv", ANY_END, partial(in_matroska, duration=float("nan"))),
    ("mkv_length_negative.mkv", ANY_END, partial(in_matroska, duration=-1e17)),
    ("mkv_tick_of_centuries.mkv", ANY_END, partial(in_matroska, 0, 1, 2, scale=2**62)),
    ("mkv_no_tick.mkv", ANY_END, partial(in_matroska, 0, 1_000, scale=0)),
    ("mkv_time_2_to_63.mkv", ANY_END, partial(in_matroska, 0, 2**63, 2**64 - 1)),
    ("mkv_hours_back_and_forth.mkv", ANY_END, partial(in_matroska, *(0, HOURS_MS) * 2, duration=float(HOURS_MS))),
    ("mkv_negative_times.mkv", ANY_END, negative_times),
    ("mkv_rate_4_ghz.mkv", ANY_END, partial(in_matroska, rate=4e9)),
    ("mkv_rate_infinite.mkv", ANY_END, partial(in_matroska, rate=float("inf"))),
    ("mkv_rate_negative.mkv", ANY_END, partial(in_matroska, rate=-16_000.0)),
    ("mkv_channels_65535.mkv", NEVER_SUCCEEDS, partial(in_matroska, channels=MOST_CHANNELS)),
    ("avi_rate_4_ghz.avi", ANY_END, partial(patch, "avi", b"auds", 16, "<IIII", 1, MOST, 0, MOST)),
    ("avi_scale_0.avi", ANY_END, partial(patch, "avi", b"auds", 16, "<II", 0, 0)),
    ("asf_packets_of_4_gb.wma", ANY_END, partial(patch, "wma", FILE_PROPERTIES, 76, "<III", *[MOST] * 3)),
    ("asf_millennia.wma", ANY_END, partial(patch, "wma", FILE_PROPERTIES, 48, "<QQ", *[2**64 - 1] * 2)),
    ("flv_objects_30000_deep.flv", ANY_END, partial(flv_metadata, 30_000)),
    ("ts_time_starts_anew.ts", ANY_END, ts_restarting),
    ("changes_rate.aac", ANY_END, partial(changing, (16_000, 1), (44_100, 1), (8_000, 1))),
    ("changes_channels.aac", ANY_END, partial(changing, (16_000, 1), (16_000, 2), (16_000, 6))),
    ("loses_channels.aac", ANY_END, partial(changing, (16_000, 6), (16_000, 2), (16_000, 1))),
    ("changes_both.aac", ANY_END, partial(changing, (8_000, 2), (48_000, 6), (96_000, 1))),
)  # fmt: skip


def cases() -> Iterator[Case]:
    for name, acceptable, make in FIELDS:
        yield Case(name, "lie", acceptable, make)
