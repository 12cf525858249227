"""Lanes: the emotion of most speech in each stretch of a recording, for pictures in which segments are too narrow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HeardSegment:
    """The part of an analysed segment that a picture needs, as corrected; `start` and `end` are in samples."""

    channel: int
    start: int
    end: int
    emotion: str


def coarse_lanes(segments: Iterable[HeardSegment], step: int) -> list[HeardSegment]:
    """Return a stretch for each `step` samples of a channel in which anybody speaks, sorted by channel and start.

    It lasts from the first to the last speech in the step and has the emotion of most of it. Neighbours of one emotion
    that are under half a step apart are one.
    """
    spoken: dict[tuple[int, int], dict[str, int]] = defaultdict(dict)
    bounds: dict[tuple[int, int], tuple[int, int]] = {}
    for segment in segments:
        for number in range(segment.start // step, (segment.end - 1) // step + 1):
            start, end = max(segment.start, number * step), min(segment.end, (number + 1) * step)
            place = (segment.channel, number)
            by_emotion = spoken[place]
            by_emotion[segment.emotion] = by_emotion.get(segment.emotion, 0) + end - start
            first, last = bounds.get(place, (start, end))
            bounds[place] = (min(first, start), max(last, end))
    lanes: list[HeardSegment] = []
    for place in sorted(spoken):
        (channel, _), (start, end), by_emotion = place, bounds[place], spoken[place]
        emotion = max(by_emotion, key=lambda name: by_emotion[name])
        before = lanes[-1] if lanes else None
        if before and (before.channel, before.emotion) == (channel, emotion) and start - before.end < step / 2:
            lanes[-1] = HeardSegment(channel, before.start, end, emotion)
        else:
            lanes.append(HeardSegment(channel, start, end, emotion))
    return lanes
