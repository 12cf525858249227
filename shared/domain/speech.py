"""Speaking times of the channels of a recording."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SpeechSpan:
    """A stretch [start, end) of speech in a channel, in samples at 16 kHz, without a pause of `min_silence_ms`.

    `level` is its root mean square in dBFS, None where only the times of the channel are measured.
    """

    channel: int
    start: int
    end: int
    level: float | None

    @property
    def duration(self) -> int:
        """The length in samples."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class SpeechTimes:
    """The speech in the measured channels of a recording, in order of its start.

    `channels` are the numbers of these channels, also of those without speech. `complete` is whether the recording has
    no other channel.
    """

    channels: tuple[int, ...]
    complete: bool
    spans: tuple[SpeechSpan, ...]

    def in_channel(self, channel: int) -> tuple[SpeechSpan, ...]:
        """Return the speech of one channel."""
        return tuple(span for span in self.spans if span.channel == channel)
