"""Recordings and units of time: samples at 16 kHz inside the service, milliseconds in its interfaces."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

from shared.domain.speakers import Speaker, SpeakerModel, speaker_label

SAMPLE_RATE = 16_000
"""Samples per second after decoding, the rate that Emotion2Vec+ was trained on."""

FRAME = SAMPLE_RATE // 50
"""Samples from the start of one of the model's frames to the next: 20 ms."""


def to_ms(samples: int) -> int:
    """Convert samples at 16 kHz to whole milliseconds, rounded down."""
    return samples * 1000 // SAMPLE_RATE


def from_ms(milliseconds: int) -> int:
    """Convert milliseconds to samples at 16 kHz, rounded down."""
    return milliseconds * SAMPLE_RATE // 1000


def clock(milliseconds: int) -> str:
    """Format milliseconds as `1:02:03` or `02:03`."""
    minutes, seconds = divmod(milliseconds // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes:02d}:{seconds:02d}"


class RecordingWarning(StrEnum):
    """Things a user should know about a recording that was analysed all the same."""

    NO_SPEECH = "no_speech"
    TRUNCATED = "truncated"
    CORRUPT_AUDIO = "corrupt_audio"
    NOT_SPLIT = "not_split"
    OTHER_TRACKS = "other_tracks"
    CONCATENATED = "concatenated"
    CHANNELS_CANCEL = "channels_cancel"
    CROSSTALK = "crosstalk"
    ALERT_EMOTION_MISSING = "alert_emotion_missing"
    EMOTION_MISSING = "emotion_missing"
    UNFAMILIAR = "unfamiliar"


WARNINGS = {
    RecordingWarning.NO_SPEECH: "No speech was found: the timeline is empty.",
    RecordingWarning.TRUNCATED: "The end of the file is missing; what is there was analysed.",
    RecordingWarning.CORRUPT_AUDIO: "Parts of the file could not be decoded; what they held is missing or silent.",
    RecordingWarning.NOT_SPLIT: "The config has `roles` or `analyse`, but the sound was analysed as one, as channel 0 "
    "without a role: the file has too few channels for the roles, or over two, or `auto` found one voice in both.",
    RecordingWarning.OTHER_TRACKS: "The file has other sound tracks, which were not analysed; `audio.tracks` lists "
    "them. `track` in the config chooses one by its number, and `each` analyses every one as a channel.",
    RecordingWarning.CONCATENATED: "The file is several recordings, one put after the other. All that could be read "
    "was analysed; times count from the start of the first.",
    RecordingWarning.CHANNELS_CANCEL: "The channels cancel when they are mixed, as with a cable wired the wrong way "
    "round, so the louder one was analysed instead. Reverse the wires of one channel; `split` analyses each by itself.",
    RecordingWarning.CROSSTALK: "A voice is heard in the other channel too. Speech counts where it belongs; listen to "
    "segments with the flag `crosstalk`, and keep microphones apart or use headsets.",
    RecordingWarning.ALERT_EMOTION_MISSING: "An alert names an emotion that the model of this job does not have, so "
    "nothing was heard for it; `/v1/models` has the labels of each model.",
    RecordingWarning.EMOTION_MISSING: "`emotions` of the config names one that the model of this job does not have; "
    "only the others were told apart.",
    RecordingWarning.UNFAMILIAR: "Most of the speech sounds unlike the data that the model was calibrated on, so that "
    "its answers there are guesses; no peak, worst minute, rise or alert rests on segments with the flag `unfamiliar`.",
}
"""The message of each warning."""


class ChannelMode(StrEnum):
    """How the channels of a recording are analysed: mixed into one, or each by itself."""

    MIX = "mix"
    SPLIT = "split"


@dataclass(frozen=True, slots=True)
class Track:
    """A sound track of a file that has several, by its `number` from 0 on.

    `title` and `language` are as the file has them. `duration` is the declared length in samples at 16 kHz, None where
    it is not declared. `silent` tells that no sound was found in its first minute, None that nobody looked. `channel`
    is the channel that it is in the result, where each track is one.
    """

    number: int
    title: str | None
    language: str | None
    codec: str | None
    duration: int | None
    silent: bool | None
    analysed: bool
    channel: int | None

    @property
    def name(self) -> str:
        """The title, else the language, else the number."""
        return self.title or self.language or f"track {self.number}"


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """The format of a sound track as its container declares it, before decoding.

    `sample_rate` is in Hz. `duration` is the declared length in samples at 16 kHz, None where it is not declared.
    `tracks` are all sound tracks of a file that has several. Where each of them is decoded, `channels` is their number,
    and `track_columns` has the number of columns of each in the sound.
    """

    codec: str
    sample_rate: int
    channels: int
    duration: int | None
    tracks: tuple[Track, ...] = ()
    track_columns: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """The URL that a recording is downloaded from.

    `url` is complete; its query may hold secrets, so it is None as soon as the recording is downloaded or not needed.
    `shown` lacks the query. `sha256` is that of the URL, hex digits. `named`: the client gave a file name too.
    """

    shown: str
    sha256: str
    named: bool
    url: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording, as its client named it and as decoding found it.

    `size_bytes` and `sha256` (hex digits) are None until a recording with an `origin` is downloaded. `sample_rate` is
    in Hz. `duration` is in samples at 16 kHz, declared during decoding and exact after it. `roles` are the names of the
    channels, by number, where these are analysed separately. `not_speech` is the number of samples at 16 kHz,
    summed over the channels, that were taken for voice at first and left out as tones or noise. `tracks` are the sound
    tracks of a file that has several. `speakers` are those that were told apart in its one channel by the
    `speaker_model`, by number.
    """

    filename: str
    size_bytes: int | None
    sha256: str | None
    source_key: str
    codec: str | None = None
    sample_rate: int | None = None
    channels: int | None = None
    duration: int | None = None
    channel_mode: ChannelMode | None = None
    roles: tuple[str, ...] = ()
    warnings: tuple[RecordingWarning, ...] = field(default=())
    origin: Origin | None = None
    not_speech: int = 0
    tracks: tuple[Track, ...] = ()
    speakers: tuple[Speaker, ...] = ()
    speaker_model: SpeakerModel | None = None

    @property
    def identity(self) -> str | None:
        """A digest that is equal when the same recording is submitted again: of its URL, else of its bytes."""
        return self.origin.sha256 if self.origin else self.sha256

    @property
    def missing_from(self) -> str | None:
        """The URL to download the recording from, None where that is not needed."""
        return self.origin.url if self.origin else None

    def without_url(self) -> Self:
        """Copy the recording without its complete URL."""
        return replace(self, origin=replace(self.origin, url=None)) if self.origin else self

    def by_speaker(self) -> Self:
        """Copy the recording with its speakers as its channels, whose roles are their names or labels."""
        if not self.speakers:
            return self
        names = (speaker.name or speaker_label(number) for number, speaker in enumerate(self.speakers))
        return replace(self, roles=tuple(names))

    def role(self, channel: int) -> str | None:
        """The role of a channel, None where it has none."""
        return self.roles[channel] if channel < len(self.roles) else None


def printable(text: str) -> str:
    """Return the name of a file as text; bytes that are no UTF-8, which Python keeps as surrogates, become `�`."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
