"""Alerts: what a job's owner wants to be told of, and where a recording gives cause for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
    """A rule that a recording has met: `heard` samples in all, the first of them in the segment from `start`."""

    rule: AlertRule
    heard: int
    start: int


def raised(
    rules: Iterable[AlertRule], voices: Iterable[SegmentResult], recording: Recording, duration: int
) -> tuple[Alert, ...]:
    """The alerts that the analysed segments of a recording of `duration` samples give cause for."""
    voices = list(voices)
    found = ((rule, list(_heard(rule, voices, recording, duration))) for rule in rules)
    return tuple(
        Alert(rule, sum(samples for _, samples in heard), min(start for start, _ in heard))
        for rule, heard in found
        if sum(samples for _, samples in heard) >= from_ms(rule.at_least_ms)
    )


def _heard(
    rule: AlertRule, voices: Iterable[SegmentResult], recording: Recording, duration: int
) -> Iterator[tuple[int, int]]:
    """Start of each segment that counts, and the samples of it that lie in the part that is listened to."""
    begin, end = _bounds(rule.part, duration)
    for result in voices:
        segment = result.segment
        listened = rule.channel in (None, segment.channel, recording.role(segment.channel))
        samples = min(end, segment.end) - max(begin, segment.start)
        if listened and samples > 0 and result.outcome.emotion in rule.emotions:
            yield segment.start, samples


def _bounds(part: Part, duration: int) -> tuple[int, int]:
    if part == "whole":
        return 0, duration
    quarter = _QUARTERS.index(part)
    return duration * quarter // 4, duration * (quarter + 1) // 4
