"""A recording and its time: integer samples at 16 kHz inside, milliseconds at the edges."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

SAMPLE_RATE = 16_000
"""Samples per second of everything after decoding: what Emotion2Vec+ was trained on."""


FRAME = SAMPLE_RATE // 50
"""Samples from the start of one of the model's frames to the next: 20 ms."""


def to_ms(samples: int) -> int:
    """Samples at 16 kHz to whole milliseconds, rounded down (a start never falls before its audio by over 1 ms)."""
    return samples * 1000 // SAMPLE_RATE


def from_ms(milliseconds: int) -> int:
    """Milliseconds to samples at 16 kHz."""
    return milliseconds * SAMPLE_RATE // 1000


def clock(milliseconds: int) -> str:
    """`1:02:03` or `02:03`."""
    minutes, seconds = divmod(milliseconds // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes:02d}:{seconds:02d}"


class RecordingWarning(StrEnum):
    """Things a user should know about a recording that was analysed all the same."""

    NO_SPEECH = "no_speech"
    TRUNCATED = "truncated"
    CORRUPT_AUDIO = "corrupt_audio"
    NOT_SPLIT = "not_split"


WARNINGS = {
    RecordingWarning.NO_SPEECH: "No speech was found: the timeline is empty.",
    RecordingWarning.TRUNCATED: "The end of the file is missing; what is there was analysed.",
    RecordingWarning.CORRUPT_AUDIO: "Parts of the file could not be decoded; what they held is missing or silent.",
    RecordingWarning.NOT_SPLIT: "The config has `roles` or `analyse`, but the sound was analysed as one, as channel 0 "
    "without a role: the file has too few channels for the roles, or over two, or `auto` found one voice in both.",
}
"""What each means, in a sentence."""


class ChannelMode(StrEnum):
    """How the channels of a recording are analysed: mixed into one, or each by itself."""

    MIX = "mix"
    SPLIT = "split"


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """What the container says of its sound track, before anything is decoded.

    `duration` is the declared length in samples at 16 kHz, None where the container does not say.
    """

    codec: str
    sample_rate: int
    channels: int
    duration: int | None


@dataclass(frozen=True, slots=True)
class Origin:
    """The URL that a recording is downloaded from.

    `url` is the whole of it, whose query may hold secrets: it is forgotten as soon as nobody needs it any more. `shown`
    lacks the query, `sha256` (hex digits) tells it from others. `named` is whether who gave it gave a file name too.
    """

    shown: str
    sha256: str
    named: bool
    url: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording: what the client said of it, and what decoding found.

    `size_bytes` and `sha256` are not known before it was downloaded, where it has an `origin`. `duration` is in samples
    at 16 kHz: declared while decoding goes on, exact after it. `roles` are the names of its channels, by number, where
    they were analysed each by itself.
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

    @property
    def identity(self) -> str | None:
        """What is the same where the same recording is submitted again."""
        return self.origin.sha256 if self.origin else self.sha256

    @property
    def missing_from(self) -> str | None:
        """The URL that it is still to be downloaded from, if any."""
        return self.origin.url if self.origin else None

    def without_url(self) -> Self:
        """The same when nobody needs the whole URL any more."""
        return replace(self, origin=replace(self.origin, url=None)) if self.origin else self

    def role(self, channel: int) -> str | None:
        """The name of a channel, if it has one."""
        return self.roles[channel] if channel < len(self.roles) else None
