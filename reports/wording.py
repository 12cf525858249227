"""Numbers, times and names as a language writes them."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from itertools import islice

from reports.texts import Texts
from shared.domain.recording import SAMPLE_RATE, ChannelMode, Recording, clock, to_ms
from shared.domain.timeline import Shares

_MAX_SHARES = 3
"""Emotions that a sentence about shares names; the table has all of them."""
_LONGEST_NAME = 300
_ISOLATED = "\N{FIRST STRONG ISOLATE}{}\N{POP DIRECTIONAL ISOLATE}"
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode's categories of characters that have no shape, or that turn the text around them."""
_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"


def display_name(name: str) -> str:
    """Prepare a user's name for display: isolate its direction, replace invisible characters, cut it at 300."""
    visible = "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(char) in _INVISIBLE and char not in _JOINERS else char
        for char in name
    )
    return _ISOLATED.format(visible if len(visible) <= _LONGEST_NAME else visible[: _LONGEST_NAME - 1] + "…")


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of a language for a recording. Times are samples at 16 kHz."""

    texts: Texts
    recording: Recording

    def emotion(self, name: str) -> str:
        """Translate an emotion; labels that only a model knows are shown as they are."""
        return self.texts.emotions.get(name) or display_name(name)

    def percent(self, share: float) -> str:
        """Write a share from 0 to 1 in per cent, rounded; `<1` for less than 0.5 %."""
        number = "<1" if 0 < share < 0.005 else f"{100 * share:.0f}"
        return self.texts.percent.format(number=number)

    def time(self, samples: int) -> str:
        """Write a time as a clock shows it."""
        return clock(to_ms(samples))

    def short_time(self, samples: int) -> str:
        """Write a time under a second as `0.4 s`, where a clock would show 0."""
        return f"{samples / SAMPLE_RATE:.1f}\N{NO-BREAK SPACE}s" if samples < SAMPLE_RATE else self.time(samples)

    def seconds(self, samples: int) -> str:
        """Write a time in seconds, which may be negative, as `0.4 s`."""
        return self.texts.seconds.format(number=f"{samples / SAMPLE_RATE:.1f}")

    def span(self, start: int, end: int) -> str:
        """Write the span from `start` to `end`."""
        return self.texts.span.format(start=self.time(start), end=self.time(end))

    def shares(self, shares: Shares) -> str:
        """Write the three largest shares, in one line."""
        largest = (
            self.texts.emotion_share.format(emotion=self.emotion(emotion), share=self.percent(share))
            for emotion, share in islice(shares.items(), _MAX_SHARES)
        )
        return self.texts.separator.join(largest)

    def channel(self, number: int) -> str:
        """Name a channel by its role, or by its place in the recording."""
        role = self.recording.role(number)
        if role:
            return display_name(role)
        if self.recording.channel_mode is not ChannelMode.SPLIT:
            return self.texts.mono if self.recording.channels == 1 else self.texts.mixed
        return self.texts.sides[number]
