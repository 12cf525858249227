"""Alerts: rules of a job about emotions in its recording, and the rules that the recording meets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

from shared.domain.recording import Recording, from_ms
from shared.domain.segment import SegmentResult

Part = Literal["whole", "first_quarter", "second_quarter", "third_quarter", "last_quarter"]
_QUARTERS: tuple[Part, ...] = get_args(Part)[1:]

_MOST_EMOTIONS = 16
_NAME_LIMIT = 64
_DAY_MS = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class AlertRule:
    """An alert is raised when the emotions are heard for long enough, all their segments together."""

    __pydantic_config__: ClassVar = {"extra": "forbid", "use_attribute_docstrings": True}

    name: str
    """What to call it, 1 to 64 printable characters."""

    emotions: tuple[str, ...]
    """Any of these, as the result names them: 1 to 16."""

    at_least_ms: int = 20_000
    """How long they are to be heard, 1 ms to a day."""

    channel: int | str | None = None
    """The channel that is listened to, by number or role; by default all."""

    part: Part = "whole"
    """The part of the recording that is listened to."""

    def __post_init__(self) -> None:
        if not _is_name(self.name):
            raise ValueError(f"alerts.name must have 1 to {_NAME_LIMIT} printable characters")
        if not 1 <= len(self.emotions) <= _MOST_EMOTIONS or not all(map(_is_name, self.emotions)):
            raise ValueError(f"alerts.emotions must be 1 to {_MOST_EMOTIONS} names of emotions")
        if not 1 <= self.at_least_ms <= _DAY_MS:
            raise ValueError(f"alerts.at_least_ms must be from 1 to {_DAY_MS}, not {self.at_least_ms}")


def _is_name(text: str) -> bool:
    return bool(text.strip()) and len(text) <= _NAME_LIMIT and text.isprintable()


@dataclass(frozen=True, slots=True)
class Alert:
    """A rule that a recording meets, with `heard` samples of its emotions; `start` is that of their first segment."""

    rule: AlertRule
    heard: int
    start: int


def find_alerts(
    rules: Iterable[AlertRule], segments: Iterable[SegmentResult], recording: Recording, duration: int
) -> tuple[Alert, ...]:
    """Return the alerts of a recording of `duration` samples, from its analysed segments."""
    segments = list(segments)
    alerts = (_alert(rule, segments, recording, duration) for rule in rules)
    return tuple(alert for alert in alerts if alert is not None)


def _alert(rule: AlertRule, segments: Iterable[SegmentResult], recording: Recording, duration: int) -> Alert | None:
    """The alert of a rule, None where its emotions are heard for too short a time in its part of the recording."""
    part_start, part_end = 0, duration
    if rule.part != "whole":
        quarter = _QUARTERS.index(rule.part)
        part_start, part_end = duration * quarter // 4, duration * (quarter + 1) // 4
    samples_heard, starts = 0, []
    for result in segments:
        segment = result.segment
        in_channel = rule.channel in (None, segment.channel, recording.role(segment.channel))
        samples = min(part_end, segment.end) - max(part_start, segment.start)
        if in_channel and samples > 0 and result.outcome.emotion in rule.emotions:
            samples_heard += samples
            starts.append(segment.start)
    if not starts or samples_heard < from_ms(rule.at_least_ms):
        return None
    return Alert(rule, samples_heard, min(starts))
