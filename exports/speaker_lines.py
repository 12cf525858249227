"""Who speaks, and what of that goes where the formats have a place for each voice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from shared.domain.recording import Recording, to_ms
from shared.domain.segment import SegmentResult
from shared.domain.timeline import Result


@dataclass(frozen=True, slots=True)
class Tier:
    """A row of labels that do not overlap, as (start in ms, end in ms, emotion); its name is no other tier's."""

    name: str
    voice: str
    labels: Sequence[tuple[int, int, str]]


def voice(recording: Recording, channel: int) -> str:
    """The role of a channel; without one its number."""
    return recording.role(channel) or f"channel {channel}"


def openings(recording: Recording, result: Result) -> dict[int, str]:
    """By channel what goes before an emotion to say whose it is, as `customer: `; nothing where there is but one."""
    channels = _channels(result)
    if len(channels) == 1 and recording.role(channels[0]) is None:
        return {channels[0]: ""}
    return {channel: f"{voice(recording, channel)}: " for channel in channels}


def tiers(recording: Recording, result: Result) -> list[Tier]:
    """A tier for each channel with what the model said of it, and one with the corrections where there are any."""
    found: dict[str, Tier] = {}
    for tier in _tiers(recording, result):
        name = tier.name
        while name in found:  # a role may be called `channel 1`
            name += "'"
        found[name] = replace(tier, name=name)
    return list(found.values())


def _tiers(recording: Recording, result: Result) -> Iterator[Tier]:
    for channel in _channels(result):
        name = voice(recording, channel)
        own = [it for it in result.segments if it.segment.channel == channel]
        yield Tier(name, name, [_label(it, it.outcome.emotion) for it in own if it.ok])
        corrected = [_label(it, it.correction.emotion) for it in own if it.correction]
        if corrected:
            yield Tier(f"{name} (corrected)", name, corrected)


def _label(it: SegmentResult, emotion: str) -> tuple[int, int, str]:
    return to_ms(it.segment.start), to_ms(it.segment.end), emotion


def _channels(result: Result) -> list[int]:
    """Those with segments, or the first one, so that there is a tier."""
    return sorted({it.segment.channel for it in result.segments}) or [0]
