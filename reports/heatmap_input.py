"""What is drawn of a recording, put together from its result, its frames and its waveform."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reports.time_columns import Columns, Stretch
from shared.domain.recording import Recording
from shared.domain.segment import Segment, SegmentResult, SegmentStatus
from shared.domain.timeline import Result, TimelineEntry
from shared.frame_scores import Floats
from shared.waveform import Peaks, Waveform

LEFT, RIGHT = 1.15, 0.8
"""Margins in inches: for the names of the emotions, and for the scale."""

Frames = Iterable[tuple[Segment, Floats]]
"""Scored segments in order of their start, each with its frames' logits [frames, labels]."""


@dataclass(frozen=True, slots=True)
class Size:
    """How wide a picture is, in pixels."""

    width: int = 1600

    @property
    def dpi(self) -> float:
        """Pixels to an inch: letters grow with a picture beyond 1,200 pixels, and do not shrink with a narrow one."""
        return max(100.0, self.width / 12)

    @property
    def columns(self) -> int:
        """Pixels between the margins."""
        return self.width - round((LEFT + RIGHT) * self.dpi)


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """A channel: its scores [columns, labels], NaN where nothing was scored, and the emotion that most of a column was
    found to be, as a number of `Picture.emotions` [columns], -1 for none.

    `peaks` [points, 2] are None where no waveform was kept. `skipped` are the stretches that could not be analysed.
    """

    number: int
    role: str | None
    peaks: Peaks | None
    scores: Floats
    emotion: NDArray[np.int64]
    skipped: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A recording of `duration` samples in columns of `hop`, none narrower than a pixel of `size`."""

    size: Size
    duration: int
    hop: int
    labels: tuple[str, ...]
    emotions: tuple[str, ...]
    voices: tuple[Voice, ...]


def picture_of(
    recording: Recording,
    result: Result,
    labels: Sequence[str],
    frames: Frames,
    waveform: Waveform | None,
    *,
    duration: int,
    size: Size,
    channel: int | None = None,
) -> Picture:
    """The picture of a recording of `duration` samples, or of one of its channels; `labels` are those of its frames."""
    columns = Columns.within(duration, size.columns)
    emotions = tuple(dict.fromkeys(entry.emotion for entry in result.timeline))
    scores = columns.scores(frames, len(labels))
    nothing = np.full((columns.count, len(labels)), np.nan, np.float32)
    voices = (
        Voice(
            number,
            recording.role(number),
            _peaks(waveform, number, size.columns),
            scores.get(number, nothing),
            columns.most(_stretches(result.timeline, number, emotions), len(emotions)),
            tuple(_skipped(result.segments, number)),
        )
        for number in _numbers(result, waveform)
        if channel in (None, number)
    )
    return Picture(size, duration, columns.hop, tuple(labels), emotions, tuple(voices))


def _numbers(result: Result, waveform: Waveform | None) -> Sequence[int]:
    """Those of the channels that were analysed; at least one."""
    heard = {found.segment.channel for found in result.segments}
    return sorted(heard.union(waveform.channels if waveform else ())) or [0]


def _peaks(waveform: Waveform | None, number: int, width: int) -> Peaks | None:
    if waveform is None or number not in waveform.channels:
        return None
    return waveform.of((number,)).reduced(width).peaks[:, 0]


def _stretches(
    timeline: Iterable[TimelineEntry], number: int, emotions: Sequence[str]
) -> Iterator[tuple[Stretch, int]]:
    for entry in timeline:
        if entry.channel == number:
            yield (entry.start, entry.end), emotions.index(entry.emotion)


def _skipped(segments: Iterable[SegmentResult], number: int) -> Iterator[Stretch]:
    for found in segments:
        if found.segment.channel == number and found.outcome.status is SegmentStatus.SKIPPED:
            yield found.segment.start, found.segment.end
