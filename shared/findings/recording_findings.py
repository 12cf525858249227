"""All findings of a recording whose segments are aggregated."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import Self

from shared.domain.timeline import Result, confident
from shared.findings.channel_segments import ChannelSegments, split_channels
from shared.findings.phases import Change, Phase, find_changes, find_phases
from shared.findings.worst_minute import WorstMinute, find_worst_minute


@dataclass(frozen=True, slots=True, eq=False)
class RecordingFindings:
    """The findings of a recording, in order of its channels and then of time."""

    channels: tuple[ChannelSegments, ...]
    phases: tuple[Phase, ...]
    changes: tuple[Change, ...]
    worst_minutes: tuple[WorstMinute, ...]

    @classmethod
    def from_result(cls, result: Result) -> Self:
        """Find them in the analysed segments of a result, with the emotions that they were aggregated with."""
        channels = split_channels(confident(result.segments, result.min_confidence))
        phases = [find_phases(channel) for channel in channels]
        changes = [find_changes(channel, stretches) for channel, stretches in zip(channels, phases, strict=True)]
        minutes = map(find_worst_minute, channels)
        return cls(
            channels=tuple(channels),
            phases=tuple(chain.from_iterable(phases)),
            changes=tuple(chain.from_iterable(changes)),
            worst_minutes=tuple(minute for minute in minutes if minute),
        )
