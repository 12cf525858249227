"""The account of a recording's time: analysed speech, other speech, and silence, which add up to its channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from shared.domain.timeline import Result


@dataclass(frozen=True, slots=True)
class TimeAccount:
    """Samples of `channels` channels of a recording: `sound` in all, which are `analysed`, `missed` or `silence`.

    The channels are those in which segments lie, at least one; speakers are all in one. `missed` is detected speech
    that was not analysed: skipped segments, and sounds too short to be made into segments. `silence` is all else.
    """

    channels: int
    sound: int
    analysed: int
    missed: int
    silence: int

    @classmethod
    def from_result(cls, result: Result) -> Self:
        """Draw up the account of a result."""
        channels = len({each.segment.channel for each in result.segments if each.speaker is None}) or 1
        sound, coverage = channels * result.duration, result.coverage
        return cls(channels, sound, coverage.analysed, coverage.speech - coverage.analysed, sound - coverage.speech)
