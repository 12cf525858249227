"""How numbers, times and names are written in a language."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from itertools import islice

from reports.texts import Texts
from shared.domain.recording import ChannelMode, Recording, clock, to_ms
from shared.domain.timeline import Shares

_NAMED = 3
"""Emotions that a sentence about shares names; the table has all of them."""
_LONGEST_NAME = 300
_ISOLATED = "\N{FIRST STRONG ISOLATE}{}\N{POP DIRECTIONAL ISOLATE}"
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode's categories of what has no shape of its own, or would turn the text around it."""
_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"


def shown(given: str) -> str:
    """A name that somebody gave, as it is shown: its direction is its own affair, and nothing in it is invisible."""
    seen = "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(one) in _INVISIBLE and one not in _JOINERS else one
        for one in given
    )
    return _ISOLATED.format(seen if len(seen) <= _LONGEST_NAME else seen[: _LONGEST_NAME - 1] + "…")


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of a language for a recording. Times are samples at 16 kHz."""

    texts: Texts
    recording: Recording

    def emotion(self, name: str) -> str:
        return self.texts.emotions.get(name) or shown(name)

    def percent(self, share: float) -> str:
        number = "<1" if 0 < share < 0.005 else f"{100 * share:.0f}"
        return self.texts.percent.format(number=number)

    def time(self, samples: int) -> str:
        return clock(to_ms(samples))

    def span(self, start: int, end: int) -> str:
        return self.texts.span.format(start=self.time(start), end=self.time(end))

    def shares(self, shares: Shares) -> str:
        """The largest of them, in one line."""
        named = (
            self.texts.named.format(emotion=self.emotion(emotion), share=self.percent(share))
            for emotion, share in islice(shares.items(), _NAMED)
        )
        return self.texts.listed.join(named)

    def channel(self, number: int) -> str:
        role = self.recording.role(number)
        if role:
            return shown(role)
        if self.recording.channel_mode is not ChannelMode.SPLIT:
            return self.texts.mono if self.recording.channels == 1 else self.texts.mixed
        return self.texts.sides[number]
