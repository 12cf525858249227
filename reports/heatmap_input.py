"""The data of a heat map, collected from the result, the frames and the waveform of a recording."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reports.time_columns import Span, TimeColumns
from shared.domain.recording import Recording, from_ms
from shared.domain.segment import Segment, SegmentStatus
from shared.domain.timeline import Result
from shared.frame_scores import Floats
from shared.waveform import Peaks, Waveform

LEFT, RIGHT = 1.15, 0.8
"""Margins in inches: for the names of the emotions, and for the scale."""

_LEAST_WINDOW = from_ms(3000)
"""Samples over which scores are averaged, at least: those of single frames are a barcode to a reader."""

Frames = Iterable[tuple[Segment, Floats]]
"""Scored segments in order of their start, each with its frames' logits [frames, labels]."""


@dataclass(frozen=True, slots=True)
class HeatmapSize:
    """The width of a heat map, in pixels; its height depends on the channels and emotions."""

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
class HeatmapChannel:
    """A channel of a heat map.

    `peaks` [points, 2] are the lowest and highest samples, None where no waveform was stored. `scores` [columns,
    labels] are NaN where nothing was scored. `emotions` [columns] are indices into `HeatmapData.emotions`: the
    timeline's emotion that takes most of a column, -1 for none. `skipped` are the spans that could not be analysed.
    """

    number: int
    role: str | None
    peaks: Peaks | None
    scores: Floats
    emotions: NDArray[np.int64]
    skipped: tuple[Span, ...]


@dataclass(frozen=True, slots=True, eq=False)
class HeatmapData:
    """A recording of `duration` samples in columns of `hop` samples, none narrower than a pixel of `size`.

    The scores of a column are those of the `window` samples around it.
    """

    size: HeatmapSize
    duration: int
    hop: int
    window: int
    labels: tuple[str, ...]
    emotions: tuple[str, ...]
    channels: tuple[HeatmapChannel, ...]


def collect_heatmap_data(
    recording: Recording,
    result: Result,
    labels: Sequence[str],
    frames: Frames,
    waveform: Waveform | None,
    *,
    duration: int,
    size: HeatmapSize,
    channel: int | None = None,
) -> HeatmapData:
    """Collect the data of a recording of `duration` samples, or of one of its channels; `labels` are its frames'.

    The channels are those with segments or a waveform; the first if there are none.
    """
    columns = TimeColumns.for_duration(duration, size.columns)
    emotions = tuple(dict.fromkeys(entry.emotion for entry in result.timeline))
    window = max(_LEAST_WINDOW, columns.hop)
    scores = columns.average_scores(frames, len(labels), window)
    no_scores = np.full((columns.count, len(labels)), np.nan, np.float32)
    analysed = {segment_result.segment.channel for segment_result in result.segments}
    numbers = sorted(analysed.union(waveform.channels if waveform else ())) or [0]

    def collect_channel(number: int) -> HeatmapChannel:
        peaks = None
        if waveform and number in waveform.channels:
            peaks = waveform.select_channels((number,)).reduced(size.columns).peaks[:, 0]
        spans = (
            ((entry.start, entry.end), emotions.index(entry.emotion))
            for entry in result.timeline
            if entry.channel == number
        )
        skipped = tuple(
            (each.segment.start, each.segment.end)
            for each in result.segments
            if each.segment.channel == number and each.outcome.status is SegmentStatus.SKIPPED
        )
        return HeatmapChannel(
            number=number,
            role=recording.role(number),
            peaks=peaks,
            scores=scores.get(number, no_scores),
            emotions=columns.prevailing_kinds(spans, len(emotions)),
            skipped=skipped,
        )

    channels = tuple(collect_channel(number) for number in numbers if channel in (None, number))
    return HeatmapData(size, duration, columns.hop, window, tuple(labels), emotions, channels)
