"""Sound beside pictures: another length, a later start, packets that are missing."""

from __future__ import annotations

import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import av
from av.container import OutputContainer
from av.stream import Disposition

from tests.support.media.encode import Samples, audio_frame
from tests.support.media.pictures import add_video, write_video


def movie(
    container_name: str,
    codecs: tuple[str, str],
    sound: Samples,
    rate: int,
    *,
    pictures_s: float,
    starts_s: float = 0,
    sound_first: bool = False,
) -> bytes:
    """A movie of `pictures_s` seconds whose mono sound [n] begins `starts_s` seconds after the pictures.

    With `sound_first` its track has the first number.
    """
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container_name, options={"fflags": "+bitexact"}) as container:
        first = _add_sound(container, codecs[1], rate) if sound_first else None
        video = add_video(container, codecs[0])
        audio = first or _add_sound(container, codecs[1], rate)
        write_video(container, video, pictures_s)
        frame = audio_frame(sound[:, None], rate)
        frame.pts = round(starts_s * rate)
        container.mux(audio.encode(frame))
        container.mux(audio.encode(None))
    return buffer.getvalue()


def sound_only(
    container_name: str,
    codec: str,
    sound: Samples,
    rate: int,
    muxer: dict[str, str] | None = None,
    starts_s: float = 0,
    **options: str,
) -> bytes:
    """A file of mono sound [n] that begins at `starts_s` seconds, by a codec with `options`."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container_name, options={"fflags": "+bitexact"} | (muxer or {})) as container:
        audio = _add_sound(container, codec, rate, **options)
        frame = audio_frame(sound[:, None], rate)
        frame.pts = round(starts_s * rate)
        container.mux(audio.encode(frame))
        container.mux(audio.encode(None))
    return buffer.getvalue()


def several_tracks(
    container_name: str, codec: str, sounds: Sequence[Samples], rate: int, *, default: int | None = None
) -> bytes:
    """A file with a track for each sound [n], of which one or none is marked as default."""
    buffer = io.BytesIO()
    options = {"fflags": "+bitexact", "default_mode": "passthrough"} if container_name == "matroska" else {}
    with av.open(buffer, "w", format=container_name, options=options) as container:
        tracks = [_add_sound(container, codec, rate) for _ in sounds]
        for number, track in enumerate(tracks):
            track.disposition = Disposition.default if number == default else Disposition(0)
        for track, sound in zip(tracks, sounds, strict=True):
            container.mux(track.encode(audio_frame(sound[:, None], rate)))
            container.mux(track.encode(None))
    return buffer.getvalue()


@dataclass(frozen=True)
class PersonTrack:
    """A sound track for one person: `sound` is [n] or [n, channels] at `rate` Hz, and begins at `starts_s` seconds."""

    sound: Samples
    rate: int = 16_000
    starts_s: float = 0
    title: str = ""
    language: str = ""


def person_tracks(container_name: str, codec: str, tracks: Sequence[PersonTrack]) -> bytes:
    """A file of these tracks, as recorders of meetings write it."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container_name, options={"fflags": "+bitexact"}) as container:
        streams = []
        for track in tracks:
            layout = "mono" if track.sound.ndim == 1 or track.sound.shape[1] == 1 else "stereo"
            stream = container.add_stream(codec, rate=track.rate, layout=layout)
            assert isinstance(stream, av.AudioStream)
            texts = {"title": track.title, "language": track.language}
            stream.metadata.update({key: text for key, text in texts.items() if text})
            streams.append(stream)
        for stream, track in zip(streams, tracks, strict=True):
            frame = audio_frame(track.sound if track.sound.ndim > 1 else track.sound[:, None], track.rate)
            frame.pts = round(track.starts_s * track.rate)
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    return buffer.getvalue()


def _add_sound(container: OutputContainer, codec: str, rate: int, **options: str) -> av.AudioStream:
    stream = container.add_stream(codec, rate=rate, layout="mono", options=options)
    assert isinstance(stream, av.AudioStream)
    stream.bit_rate = 12_200 if "amr" in codec else 48_000
    return stream


def without_packets(content: bytes, container_name: str, lost: Collection[int]) -> bytes:
    """The only track of a file in another container, without the packets of these numbers."""
    buffer = io.BytesIO()
    with (
        av.open(io.BytesIO(content), "r") as source,
        av.open(buffer, "w", format=container_name, options={"fflags": "+bitexact"}) as target,
    ):
        track = source.streams.audio[0]
        stream = target.add_stream_from_template(track)
        for number, packet in enumerate(source.demux(track)):
            if packet.dts is not None and number not in lost:
                packet.stream = stream
                target.mux(packet)
    return buffer.getvalue()


def with_speed(content: bytes, container_name: str, speed: float) -> bytes:
    """The only track of a file in another container, as a recorder writes it whose clock is slower by this factor."""
    buffer = io.BytesIO()
    with (
        av.open(io.BytesIO(content), "r") as source,
        av.open(buffer, "w", format=container_name, options={"fflags": "+bitexact"}) as target,
    ):
        track = source.streams.audio[0]
        stream = target.add_stream_from_template(track)
        for packet in source.demux(track):
            if packet.dts is not None and packet.pts is not None:
                packet.pts = packet.dts = round(packet.pts * speed)
                packet.stream = stream
                target.mux(packet)
    return buffer.getvalue()
