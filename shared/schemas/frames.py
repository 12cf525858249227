"""Frame scores of a segment, and of the whole recording on a grid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from shared.domain.recording import FRAME, to_ms
from shared.frame_scores import Floats, Grid
from shared.schemas.document import Document, RoleOf

_DECIMALS = 4
_ROWS = 4096


class SegmentFramesDocument(Document):
    hop_ms: int = Field(examples=[20])
    scores: dict[str, Iterable[float]] = Field(examples=[{"neutral": [0.5312, 0.5471], "happy": [0.4688, 0.4529]}])
    """For each emotion its score in each frame; the first frame begins with the segment."""

    @classmethod
    def from_scores(cls, labels: Iterable[str], scores: Floats) -> Self:
        """Return the document of scores [frames, labels]; to be written once, as `FramesDocument`."""
        columns = map(_values, scores.T)
        return cls(hop_ms=to_ms(FRAME), scores=dict(zip(labels, columns, strict=True)))


class ChannelFramesDocument(Document):
    """Parallel arrays, with an entry for each bin that holds a frame; bins without speech are left out."""

    channel: int = Field(examples=[0])
    role: str | None = Field(examples=["agent"])
    start_ms: list[int] = Field(examples=[[26500, 26600]])
    segment: list[int] = Field(examples=[[4, 4]])
    """Index of the segment in which the bin's first frame lies."""
    scores: Iterable[list[float]] = Field(examples=[[[0.5312, 0.4688], [0.5471, 0.4529]]])
    """For each bin a score for each of `labels`."""

    @classmethod
    def from_grid(cls, grid: Grid, channel: int, role_of: RoleOf) -> Self:
        bins = grid.channel == channel
        return cls(
            channel=channel,
            role=role_of(channel),
            start_ms=grid.start_ms[bins].tolist(),
            segment=grid.segment[bins].tolist(),
            scores=_rows(grid.scores[bins]),
        )


class FramesDocument(Document):
    """To be written once: the scores become lists while they are written."""

    hop_ms: int = Field(examples=[100])
    labels: list[str] = Field(examples=[["neutral", "happy"]])
    channels: list[ChannelFramesDocument]

    @classmethod
    def from_grid(cls, grid: Grid, role_of: RoleOf) -> Self:
        numbers = np.unique(grid.channel).tolist()
        channels = [ChannelFramesDocument.from_grid(grid, channel, role_of) for channel in numbers]
        return cls(hop_ms=grid.hop_ms, labels=list(grid.labels), channels=channels)


def _values(scores: Floats) -> Iterator[float]:
    yield from _rounded(scores).tolist()


def _rows(scores: Floats) -> Iterator[list[float]]:
    for first in range(0, len(scores), _ROWS):
        yield from _rounded(scores[first : first + _ROWS]).tolist()


def _rounded(scores: Floats) -> NDArray[np.float64]:
    # In float64, because the float32 nearest to 0.1234 is written as 0.12340000271797180.
    return scores.astype(np.float64).round(_DECIMALS)
