"""Frame scores of a segment, and of the whole recording on a grid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from pydantic_core import to_json

from shared.domain.recording import FRAME, to_ms
from shared.frame_scores import PACKED, LongGrid, Scores
from shared.schemas.document import Document, RoleOf

_DECIMALS = 4


class SegmentFramesDocument(Document):
    hop_ms: int = Field(examples=[20])
    scores: dict[str, Iterable[float]] = Field(examples=[{"neutral": [0.5312, 0.5471], "happy": [0.4688, 0.4529]}])
    """For each emotion its score in each frame; the first frame begins with the segment."""

    @classmethod
    def from_scores(cls, labels: Iterable[str], scores: Scores) -> Self:
        """Return the document of scores [frames, labels], which becomes lists while it is written, once."""
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


class FramesDocument(Document):
    """Scores on a grid. `frames_json` writes it: an object of it would take gigabytes for a recording of a day."""

    hop_ms: int = Field(examples=[100])
    labels: list[str] = Field(examples=[["neutral", "happy"]])
    channels: list[ChannelFramesDocument]


def frames_json(grid: LongGrid, hop_ms: int, labels: Sequence[str], role_of: RoleOf) -> Iterator[bytes]:
    """Yield the text of a `FramesDocument` in pieces."""
    yield b'{"hop_ms":%d,"labels":%s,"channels":[' % (hop_ms, to_json(list(labels)))
    for place, channel in enumerate(grid.channels):
        yield b'%s{"channel":%d,"role":%s,"start_ms":[' % (b"," if place else b"", channel, to_json(role_of(channel)))
        yield from json_items((numbers * hop_ms).tolist() for numbers, _ in grid.bins(channel))
        yield b'],"segment":['
        yield from json_items(segments.tolist() for _, segments in grid.bins(channel))
        yield b'],"scores":['
        yield from json_items(rounded(scores).tolist() for scores in grid.scores(channel))
        yield b"]}"
    yield b"]}"


def json_items(lists: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """Yield the items of lists as those of one JSON array, without its brackets."""
    separator = b""
    for items in lists:
        if items:
            yield separator + to_json(items)[1:-1]
            separator = b","


def _values(scores: Scores) -> Iterator[float]:
    yield from rounded(scores).tolist()


def rounded(scores: Scores) -> NDArray[np.float64]:
    """Return scores, packed ones too, to four decimals."""
    if scores.dtype == np.uint16:
        return scores / PACKED
    # In float64, because the float32 nearest to 0.1234 is written as 0.12340000271797180.
    return scores.astype(np.float64).round(_DECIMALS)
