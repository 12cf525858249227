"""Alerts: rules of a job about emotions in its recording, and the rules that the recording meets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

from shared.domain.baseline import scores_of, usual_score
from shared.domain.emotion import UNKNOWN
from shared.domain.recording import Recording, from_ms
from shared.domain.segment import SegmentResult

Part = Literal["whole", "first_quarter", "second_quarter", "third_quarter", "last_quarter"]
_QUARTERS: tuple[Part, ...] = get_args(Part)[1:]

_MOST_EMOTIONS = 16
_NAME_LIMIT = 64
_DAY_MS = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class AlertRule:
    """An alert is raised when the emotions are heard for long enough in one channel, all their segments together."""

    __pydantic_config__: ClassVar = {"extra": "forbid", "use_attribute_docstrings": True}

    name: str
    """What to call it, 1 to 64 printable characters."""

    emotions: tuple[str, ...]
    """Any of these, as the result names them: 1 to 16."""

    at_least_ms: int = 20_000
    """How long they are to be heard, 1 ms to a day."""

    channel: int | str | None = None
    """The channel that is listened to, by number or role; by default all, each by itself."""

    part: Part = "whole"
    """The part of the recording that is listened to."""

    above_usual: float | None = None
    """Listen for more of the emotions than usual: for segments whose scores of them, added up, exceed the median of the
    channel in the whole recording by this, 0.05 to 1. By default the segments that have the emotions count."""

    def __post_init__(self) -> None:
        if not _is_name(self.name):
            raise ValueError(f"alerts.name must have 1 to {_NAME_LIMIT} printable characters")
        if not 1 <= len(self.emotions) <= _MOST_EMOTIONS or not all(map(_is_name, self.emotions)):
            raise ValueError(f"alerts.emotions must be 1 to {_MOST_EMOTIONS} names of emotions")
        if not 1 <= self.at_least_ms <= _DAY_MS:
            raise ValueError(f"alerts.at_least_ms must be from 1 to {_DAY_MS}, not {self.at_least_ms}")
        if self.above_usual is not None and not 0.05 <= self.above_usual <= 1:
            raise ValueError(f"alerts.above_usual must be from 0.05 to 1, not {self.above_usual}")


def _is_name(text: str) -> bool:
    return bool(text.strip()) and len(text) <= _NAME_LIMIT and text.isprintable()


@dataclass(frozen=True, slots=True)
class Alert:
    """A rule that a recording meets.

    `heard` is the samples of the segments that count for the rule, `start` that of the first. `heard_in` is the number
    of their channel, the one with most where several meet the rule; None for alerts of 0.2.0.
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
    alerts: list[Alert] = []
    for rule in rules:
        channels = [channel for channel in by_channel if rule.channel in (None, channel, recording.role(channel))]
        in_channels = (find_alert(rule, by_channel[channel], duration) for channel in sorted(channels))
        met = [alert for alert in in_channels if alert is not None]
        if met:
            alerts.append(max(met, key=lambda alert: alert.heard))
    return tuple(alerts)


def find_alert(rule: AlertRule, segments: Sequence[SegmentResult], duration: int) -> Alert | None:
    """Return the alert of a rule in the analysed segments of one channel, None where they do not meet it."""
    part_start, part_end = 0, duration
    if rule.part != "whole":
        quarter = _QUARTERS.index(rule.part)
        part_start, part_end = duration * quarter // 4, duration * (quarter + 1) // 4
    spoken = [
        (segment.start, samples)
        for segment in (result.segment for result in matching_segments(rule, segments))
        if (samples := min(part_end, segment.end) - max(part_start, segment.start)) > 0
    ]
    total = sum(samples for _, samples in spoken)
    if not spoken or total < from_ms(rule.at_least_ms):
        return None
    return Alert(rule, total, min(spoken)[0], segments[0].segment.channel)


def matching_segments(rule: AlertRule, segments: Sequence[SegmentResult]) -> list[SegmentResult]:
    """Return the segments of one channel that count for a rule: trusted ones, and those left `unknown`."""
    if rule.above_usual is None:
        heard = (result for result in segments if result.outcome.emotion in rule.emotions)
        return [result for result in heard if result.trusted or result.outcome.emotion == UNKNOWN]
    usual = usual_score(segments, rule.emotions)
    if usual is None:
        return []
    least = usual + rule.above_usual
    scores = scores_of(segments, rule.emotions)
    return [result for result, score in zip(segments, scores, strict=True) if result.trusted and score >= least]
