"""Choose the sound track of a file that has several, and describe them. Runs in the decoder's process."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition

from shared.domain.options import MOST_TRACKS
from shared.domain.recording import SAMPLE_RATE, Track
from worker.adapters.decoding.decoded_timeline import MEDIA_ERRORS
from worker.adapters.decoding.resampling import Resampler

_SEARCHED_S = 600
"""Seconds from the start of a track in which sound is searched; a track that is silent for longer has none."""
_DESCRIBED_S = 60
"""Seconds in which it is searched in the tracks that will not be analysed."""
_SILENT = 3
"""The largest sample of silence: codecs make a little noise of it."""
_LONGEST_TEXT = 64
_HANDLERS = ("handler", "core media")
"""Parts of what programs write as the name of a track where it has none."""

_CLOCK = re.compile(r"(\d{1,3}):(\d\d):(\d\d(?:\.\d{1,9})?)$")
"""The length of a track in Matroska's tags."""


@dataclass(frozen=True, slots=True)
class TrackChoice:
    """The number of the track to analyse, and of each that was searched whether sound was found near its start."""

    number: int
    sounding: Mapping[int, bool]


def choose_track(container: InputContainer) -> TrackChoice:
    """Choose the first sound track with sound, of those that are marked as default, else of the others.

    Recorders of screens and meetings write several, of which the first may be silent. If none has sound, it is the
    default one. Reads the file from its start: no further than is needed for the choice, or for a minute. Searches 16
    tracks at the most, as each needs a decoder.
    """
    tracks = container.streams.audio
    order = sorted(range(len(tracks)), key=lambda number: not tracks[number].disposition & Disposition.default)
    resamplers = {number: Resampler(channels=2) for number in order[:MOST_TRACKS] if tracks[number].codec_context}
    sounding = dict.fromkeys(resamplers, False)
    numbers = {tracks[number].index: number for number in resamplers}
    if not numbers:  # FFmpeg has a decoder for none of them
        return TrackChoice(order[0], sounding)
    try:
        for packet in container.demux(*(tracks[number] for number in resamplers)):
            number = numbers[packet.stream.index]
            if sounding[number]:
                continue
            if has_sound(packet.stream, packet, resamplers[number]):
                sounding[number] = True
            start = packet.stream.start_time or 0
            reached_s = float((packet.pts - start) * packet.time_base) if packet.pts is not None else 0.0
            longest_s = _DESCRIBED_S if sounding.get(order[0]) else _SEARCHED_S
            if all(sounding.values()) or reached_s > longest_s:
                break
    except (*MEDIA_ERRORS, IndexError):
        pass  # what could be read decides
    return TrackChoice(next((number for number in order if sounding.get(number)), order[0]), sounding)


def has_sound(stream: Any, packet: Any, resampler: Resampler) -> bool:
    """Tell whether there is sound in the next packet of a track."""
    try:
        frames = [*stream.codec_context.decode(packet), *([] if packet.size else [None])]
        sounds = (sound for frame in frames for sound in resampler.push(frame))
        return any(np.abs(sound.astype(np.int32)).max() > _SILENT for sound in sounds)
    except MEDIA_ERRORS:
        return False


def describe_tracks(
    streams: Iterable[AudioStream], analysed: Collection[int], sounding: Mapping[int, bool], *, apart: bool
) -> tuple[Track, ...]:
    """Describe the sound tracks of a file. `sounding` is empty where nobody looked for sound."""
    return tuple(
        Track(
            number=number,
            title=track_title(stream.metadata),
            language=track_language(stream.metadata),
            codec=stream.codec_context.codec.canonical_name if stream.codec_context else None,
            duration=track_duration(stream),
            silent=not sounding[number] if number in sounding else None,
            analysed=number in analysed,
            channel=number if apart and number in analysed else None,
        )
        for number, stream in enumerate(streams)
    )


def track_title(metadata: Mapping[str, str]) -> str | None:
    """Return the title that a person gave to a track."""
    names = (clean_text(metadata.get(key, "")) for key in ("title", "name", "handler_name"))
    return next((name for name in names if name and not any(part in name.lower() for part in _HANDLERS)), None)


def track_language(metadata: Mapping[str, str]) -> str | None:
    """Return the language of a track as its file has it, mostly by ISO 639-2."""
    language = clean_text(metadata.get("language", ""))
    return language if language and language != "und" else None


def track_duration(stream: AudioStream) -> int | None:
    """Return the length that a file declares for one of its tracks, in samples at 16 kHz."""
    if stream.duration and stream.time_base:
        return round(stream.duration * stream.time_base * SAMPLE_RATE)
    clock = _CLOCK.match(stream.metadata.get("DURATION", ""))
    if not clock:
        return None
    hours, minutes, seconds = map(float, clock.groups())
    return round((hours * 3600 + minutes * 60 + seconds) * SAMPLE_RATE)


def clean_text(text: str) -> str:
    """Return a text of a file in one printable line of 64 characters at most."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:_LONGEST_TEXT]
