"""Speakers and their labels, for formats that have a line or a tier for each speaker. Each channel is one speaker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.domain.recording import Recording, to_ms
from shared.domain.segment import SegmentResult
from shared.domain.timeline import Result


@dataclass(frozen=True, slots=True)
class Tier:
    """A row of labels (start in ms, end in ms, emotion) that do not overlap; no two tiers of a result share a name."""

    name: str
    speaker: str
    labels: Sequence[tuple[int, int, str]]


def speaker_name(recording: Recording, channel: int) -> str:
    """Return the role of a channel, or `channel N` if it has none."""
    return recording.role(channel) or f"channel {channel}"


def speaker_prefixes(recording: Recording, result: Result) -> dict[int, str]:
    """Return by channel the text before an emotion, as `customer: `; empty for a lone channel without a role."""
    channels = _channels(result)
    if len(channels) == 1 and recording.role(channels[0]) is None:
        return {channels[0]: ""}
    return {channel: f"{speaker_name(recording, channel)}: " for channel in channels}


def speaker_tiers(recording: Recording, result: Result) -> list[Tier]:
    """Build a tier of the emotions for each channel, and if there are any, a tier of its corrections and one of the
    model's own emotions that they replaced."""
    tiers: dict[str, Tier] = {}

    def add(name: str, speaker: str, labels: Sequence[tuple[int, int, str]]) -> None:
        while name in tiers:  # a role may be called `channel 1`
            name += "'"
        tiers[name] = Tier(name, speaker, labels)

    for channel in _channels(result):
        speaker = speaker_name(recording, channel)
        rows = [row for row in result.segments if row.segment.channel == channel]
        add(speaker, speaker, [_label(row, row.outcome.emotion) for row in rows if row.ok])
        corrected = [_label(row, row.correction.emotion) for row in rows if row.correction]
        replaced = [_label(row, row.replaced.emotion) for row in rows if row.replaced]
        for name, labels in (("corrected", corrected), ("model", replaced)):
            if labels:
                add(f"{speaker} ({name})", speaker, labels)
    return list(tiers.values())


def _label(row: SegmentResult, emotion: str) -> tuple[int, int, str]:
    return to_ms(row.segment.start), to_ms(row.segment.end), emotion


def _channels(result: Result) -> list[int]:
    """The channels that have segments, or the first channel, so that there is a tier."""
    return sorted({row.segment.channel for row in result.segments}) or [0]
