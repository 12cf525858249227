"""All findings of a recording whose segments are aggregated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Self

from shared.domain.facts import WorstMinute
from shared.domain.timeline import Result, confident
from shared.findings.channel_segments import ChannelSegments, split_channels
from shared.findings.phases import Change, Phase, find_changes, find_phases
from shared.findings.worst_minute import find_worst_minute


@dataclass(frozen=True, slots=True, eq=False)
class RecordingFindings:
    """The findings of a recording, in order of its channels and then of time; `worst_minutes` are by channel."""

    channels: tuple[ChannelSegments, ...]
    phases: tuple[Phase, ...]
    changes: tuple[Change, ...]
    worst_minutes: Mapping[int, WorstMinute]

    @classmethod
    def from_result(cls, result: Result) -> Self:
        """Find them in the analysed segments of a result, with the emotions that they were aggregated with."""
        analysed = confident(result.segments, result.min_confidence)
        channels = split_channels(analysed)
        phases = [find_phases(channel) for channel in channels]
        changes = [find_changes(channel, stretches) for channel, stretches in zip(channels, phases, strict=True)]
        minutes = {
            channel.channel: find_worst_minute(
                (each for each in analysed if each.segment.channel == channel.channel), result.duration
            )
            for channel in channels
        }
        return cls(
            channels=tuple(channels),
            phases=tuple(chain.from_iterable(phases)),
            changes=tuple(chain.from_iterable(changes)),
            worst_minutes={channel: minute for channel, minute in minutes.items() if minute},
        )
