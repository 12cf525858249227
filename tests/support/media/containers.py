"""Odd containers: many tracks, strange times, tags, chained streams, sound kept elsewhere."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import av
from av.container import OutputContainer

from tests.support.media import boxes, ogg
from tests.support.media.case import ANY_END, MUST_SUCCEED, NEVER_SUCCEEDS, RATE, Case, Outcome, speech, spoken
from tests.support.media.encode import audio_frame, encoded
from tests.support.media.foreign import random_bytes
from tests.support.media.pictures import still_image, video_only
from tests.support.media.playlists import Canary
from tests.support.media.wav_headers import chunk, header_only, wav

HOUR_S = 3600
TS_WRAP_S = 2**33 / 90_000
"""MPEG-TS counts time in 33 bits at 90 kHz."""

MATROSKA_HEAD = b"\x1a\x45\xdf\xa3\x8b\x42\x82\x88matroska"


def tracks(container_name: str, codec: str, starts_s: Sequence[float]) -> bytes:
    """One audio track of 1 s for each start time."""
    buffer = io.BytesIO()
    options = {"fflags": "+bitexact", "avoid_negative_ts": "disabled"}
    with av.open(buffer, "w", format=container_name, options=options) as container:
        streams = [add_mono(container, codec) for _ in starts_s]
        for seed, (stream, start) in enumerate(zip(streams, starts_s, strict=True)):
            frame = audio_frame(speech(1.0, seed=seed), RATE)
            frame.pts = round(start * RATE)
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    return buffer.getvalue()


def add_mono(container: OutputContainer, codec: str) -> av.AudioStream:
    stream = container.add_stream(codec, rate=RATE, layout="mono")
    assert isinstance(stream, av.AudioStream)
    stream.bit_rate = 24_000
    return stream


def pieces(container_name: str, starts_s: Sequence[float]) -> bytes:
    """One PCM track in pieces of 0.5 s at these times; between them there is nothing."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container_name, options={"fflags": "+bitexact"}) as container:
        stream = add_mono(container, "pcm_s16le")
        for start in starts_s:
            frame = audio_frame(speech(0.5), RATE)
            frame.pts = round(start * RATE)
            container.mux(stream.encode(frame))
    return buffer.getvalue()


def subtitles_only() -> bytes:
    """A Matroska file whose one track is text, remuxed from SubRip."""
    text = io.BytesIO(b"1\n00:00:00,000 --> 00:00:02,000\nHello.\n\n")
    buffer = io.BytesIO()
    options = {"fflags": "+bitexact"}
    with (
        av.open(text, "r", format="srt") as source,
        av.open(buffer, "w", format="matroska", options=options) as target,
    ):
        stream = target.add_stream_from_template(source.streams.subtitles[0])
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    return buffer.getvalue()


def id3(content: bytes, size: int | None = None) -> bytes:
    """An ID3v2.4 tag; its size may lie."""
    stated = len(content) if size is None else size
    syncsafe = bytes(stated >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x04\x00\x00" + syncsafe + content


def cover_art() -> bytes:
    picture = b"\x00image/png\x00\x03\x00" + still_image("png")
    frame = b"APIC" + bytes(len(picture) >> shift & 0x7F for shift in (21, 14, 7, 0)) + b"\0\0" + picture
    return id3(frame)


def _chained(*parts: bytes) -> bytes:
    return b"".join(ogg.with_serial(part, serial) for serial, part in enumerate(parts, start=1))


def _stereo_opus() -> bytes:
    return encoded(speech(1.5).repeat(2, axis=1), RATE, "opus")


def _without_index(data: bytes, index: bytes) -> bytes:
    """The name of a box or chunk made unreadable."""
    return data.replace(index, b"xxxx")


def _w64_with_size(size: int) -> bytes:
    data = spoken("w64")
    return data[:16] + struct.pack("<Q", size) + data[24:]


ODD: tuple[tuple[str, frozenset[Outcome], Callable[[], bytes]], ...] = (
    ("silent_movie.mp4", NEVER_SUCCEEDS, partial(video_only, "mp4", "libx264")),
    ("silent_movie.mkv", NEVER_SUCCEEDS, partial(video_only, "matroska", "mpeg4")),
    ("silent_movie.webm", NEVER_SUCCEEDS, partial(video_only, "webm", "libvpx")),
    ("silent_movie.avi", NEVER_SUCCEEDS, partial(video_only, "avi", "mpeg4")),
    ("silent_movie.mp3", NEVER_SUCCEEDS, partial(video_only, "mp4", "mpeg4")),
    ("subtitles.mkv", NEVER_SUCCEEDS, subtitles_only),
    ("cover_art_only.mp3", NEVER_SUCCEEDS, cover_art),
    ("cover_art.mp3", MUST_SUCCEED, lambda: cover_art() + spoken("mp3")),
    ("tag_150_kb.mp3", MUST_SUCCEED, lambda: id3(bytes(150_000)) + spoken("mp3")),
    ("tag_cut.mp3", NEVER_SUCCEEDS, lambda: id3(bytes(500), size=100_000)),
    ("tag_claims_256_mb.mp3", ANY_END, lambda: id3(b"", size=2**28 - 1) + spoken("mp3")),
    ("tags_200.mp3", ANY_END, lambda: id3(bytes(20)) * 200 + spoken("mp3")),
    ("tag_before.wav", ANY_END, lambda: id3(bytes(200)) + spoken("wav")),
    ("tag_before.flac", MUST_SUCCEED, lambda: id3(bytes(200)) + spoken("flac")),
    ("tag_after.mp3", MUST_SUCCEED, lambda: spoken("mp3") + b"TAG" + bytes(125)),
    ("junk_64_kb_first.mp3", ANY_END, lambda: random_bytes(3, 65_536) + spoken("mp3")),
    ("two_rates.mp3", ANY_END, lambda: spoken("mp3") + spoken("mp3", rate=44_100)),
    ("two_files.wav", MUST_SUCCEED, lambda: spoken("wav") + spoken("wav", seed=1)),
    ("joined_twice.mp4", MUST_SUCCEED, lambda: spoken("mp4") * 2),
    ("joined_250.wav", MUST_SUCCEED, lambda: spoken("wav", 0.02) * 250),
    ("joined_30.webm", MUST_SUCCEED, lambda: spoken("webm", 0.3, 48_000) * 30),
    ("joined_heads_5000.wav", NEVER_SUCCEEDS, lambda: header_only() * 5_000),
    ("joined_heads_10000.mkv", NEVER_SUCCEEDS, lambda: MATROSKA_HEAD * 10_000),
    ("joined_heads_then_sound.mkv", ANY_END, lambda: MATROSKA_HEAD * 10_000 + spoken("mkv")),
    (
        "joined_to_junk.mkv",
        MUST_SUCCEED,
        lambda: spoken("mkv") + MATROSKA_HEAD + random_bytes(5, 9_000) + spoken("mkv"),
    ),
    ("boxes_20000.mp4", ANY_END, lambda: boxes.box(b"free", b"") * 20_000 + spoken("mp4")),
    ("wav_in_wav.wav", MUST_SUCCEED, lambda: wav(spoken("wav"))),
    ("mp3_in_wav.wav", ANY_END, lambda: wav(spoken("mp3"), tag=0x55, bits=0, block_align=1)),
    ("broken_crc.ogg", ANY_END, lambda: ogg.with_broken_crc(spoken("vorbis"))),
    ("broken_crc.opus", ANY_END, lambda: ogg.with_broken_crc(spoken("opus"))),
    ("chained.opus", MUST_SUCCEED, lambda: _chained(spoken("opus"), spoken("opus", seed=1))),
    ("chained_same_serial.opus", ANY_END, lambda: spoken("opus") * 2),
    ("chained_mono_stereo.opus", ANY_END, lambda: _chained(spoken("opus"), _stereo_opus())),
    ("chained_rates.ogg", ANY_END, lambda: _chained(spoken("vorbis"), spoken("vorbis", rate=44_100))),
    ("chained_codecs.ogg", ANY_END, lambda: _chained(spoken("vorbis"), spoken("opus"))),
    ("chained_50.opus", ANY_END, lambda: _chained(*[spoken("opus", 0.3)] * 50)),
    (
        "two_streams.ogg",
        ANY_END,
        lambda: ogg.multiplexed(spoken("vorbis"), ogg.with_serial(spoken("opus"), 9)),
    ),
    (
        "video_first.ogv",
        ANY_END,
        lambda: ogg.multiplexed(video_only("ogg", "libvpx"), ogg.with_serial(spoken("opus"), 9)),
    ),
    ("granule_unknown.opus", ANY_END, lambda: ogg.with_granule(spoken("opus", 8), ogg.NO_GRANULE)),
    ("granule_huge.opus", ANY_END, lambda: ogg.with_granule(spoken("opus", 8), 2**62)),
    ("pages_backwards.opus", ANY_END, lambda: ogg.backwards(spoken("opus", 8))),
    ("three_tracks.mkv", MUST_SUCCEED, partial(tracks, "matroska", "aac", (0, 0, 0))),
    ("two_tracks.mp4", MUST_SUCCEED, partial(tracks, "mp4", "aac", (0, 0))),
    ("forty_tracks.mkv", MUST_SUCCEED, partial(tracks, "matroska", "libopus", (0,) * 40)),
    ("tracks_apart.mkv", MUST_SUCCEED, partial(tracks, "matroska", "aac", (5, 0))),
    ("starts_at_1_h.mkv", MUST_SUCCEED, partial(tracks, "matroska", "aac", (HOUR_S,))),
    ("starts_at_1_h.ts", MUST_SUCCEED, partial(tracks, "mpegts", "aac", (HOUR_S,))),
    ("starts_at_1_h.mp4", MUST_SUCCEED, partial(tracks, "mp4", "aac", (HOUR_S,))),
    ("starts_at_300_days.mkv", ANY_END, partial(tracks, "matroska", "aac", (300 * 24 * HOUR_S,))),
    ("starts_negative.mp4", ANY_END, partial(tracks, "mp4", "aac", (-0.5,))),
    ("starts_negative.ts", ANY_END, partial(tracks, "mpegts", "aac", (-0.5,))),
    ("time_wraps.ts", ANY_END, partial(tracks, "mpegts", "aac", (TS_WRAP_S - 0.5,))),
    ("gap_of_5_s.mkv", MUST_SUCCEED, partial(pieces, "matroska", (0, 5.5))),
    ("gap_of_24_h.mkv", ANY_END, partial(pieces, "matroska", (0, 24 * HOUR_S))),
    ("time_goes_back.ts", ANY_END, lambda: tracks("mpegts", "aac", (10,)) + tracks("mpegts", "aac", (0,))),
    ("index_missing.mp4", NEVER_SUCCEEDS, lambda: _without_index(spoken("mp4"), b"moov")),
    ("index_missing.avi", ANY_END, lambda: _without_index(spoken("avi"), b"idx1")),
    ("no_clusters.mkv", NEVER_SUCCEEDS, lambda: spoken("mkv").split(b"\x1f\x43\xb6\x75")[0]),
    ("aiff_without_sound.aiff", NEVER_SUCCEEDS, lambda: _without_index(spoken("aiff"), b"SSND")),
    ("caf_without_sound.caf", NEVER_SUCCEEDS, lambda: _without_index(spoken("caf"), b"data")),
    ("au_rate_0.au", NEVER_SUCCEEDS, lambda: spoken("au")[:16] + bytes(4) + spoken("au")[20:]),
    ("au_no_channels.au", NEVER_SUCCEEDS, lambda: spoken("au")[:20] + bytes(4) + spoken("au")[24:]),
    ("w64_size_0.w64", ANY_END, partial(_w64_with_size, 0)),
    ("w64_size_huge.w64", ANY_END, partial(_w64_with_size, 2**63)),
    ("playlist_chunk.wav", MUST_SUCCEED, lambda: wav(before_data=chunk(b"LIST", b"#EXTM3U\n/etc/passwd\n"))),
)


def cases(canary: Canary) -> Iterator[Case]:
    for name, acceptable, make in ODD:
        yield Case(name, "container", acceptable, make)
    alias = boxes.alias_reference(canary.path)
    url = boxes.url_reference(canary.path)
    # FFmpeg does not know the second kind and reads the sound that is in the file itself, which is harmless
    for name, acceptable, entry in (("alias.mov", NEVER_SUCCEEDS, alias), ("url.mov", ANY_END, url)):
        yield Case(f"sound_elsewhere_{name}", "container", acceptable, partial(_elsewhere, entry))


def _elsewhere(entry: bytes) -> bytes:
    return boxes.with_reference(tracks("mov", "pcm_s16le", (0,)), entry)
