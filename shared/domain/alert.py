"""Alerts: rules of a job about emotions in its recording, and the rules that the recording meets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
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
    """An alert is raised when the emotions are heard for long enough in one channel, all its segments together."""

    __pydantic_config__: ClassVar = {"extra": "forbid", "use_attribute_docstrings": True}

    name: str
    """What to call it, 1 to 64 printable characters."""

    emotions: tuple[str, ...]
    """Any of these, as the result names them: 1 to 16."""

    at_least_ms: int = 20_000
    """How long they are to be heard, 1 ms to a day."""

    channel: int | str | None = None
    """The channel that is listened to, by number or role; by default each by itself."""

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
    """A rule that a recording meets, with `heard` samples of its emotions; `start` is that of their first segment.

    `heard_in` is the number of the channel, the one with most where several meet the rule; None for alerts of 0.2.0.
    """

    rule: AlertRule
    heard: int
    start: int
    heard_in: int | None = None


def find_alerts(
    rules: Iterable[AlertRule], segments: Iterable[SegmentResult], recording: Recording, duration: int
) -> tuple[Alert, ...]:
    """Return the alerts of a recording of `duration` samples, from its analysed segments."""
    by_channel: dict[int, list[SegmentResult]] = defaultdict(list)
    for result in segments:
        by_channel[result.segment.channel].append(result)
    alerts = (find_alert(rule, by_channel, recording, duration) for rule in rules)
    return tuple(alert for alert in alerts if alert is not None)


def find_alert(
    rule: AlertRule, by_channel: Mapping[int, Iterable[SegmentResult]], recording: Recording, duration: int
) -> Alert | None:
    """Return the alert of a rule, None where no channel has its emotions for long enough in its part."""
    part_start, part_end = 0, duration
    if rule.part != "whole":
        quarter = _QUARTERS.index(rule.part)
        part_start, part_end = duration * quarter // 4, duration * (quarter + 1) // 4
    alerts: list[Alert] = []
    for channel, results in by_channel.items():
        if rule.channel not in (None, channel, recording.role(channel)):
            continue
        spoken = [
            (result.segment.start, samples)
            for result in results
            if result.outcome.emotion in rule.emotions
            and (samples := min(part_end, result.segment.end) - max(part_start, result.segment.start)) > 0
        ]
        total = sum(samples for _, samples in spoken)
        if spoken and total >= from_ms(rule.at_least_ms):
            alerts.append(Alert(rule, total, min(spoken)[0], channel))
    return max(alerts, key=lambda alert: alert.heard, default=None)
