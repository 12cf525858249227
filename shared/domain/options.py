"""What a user may choose for a job. The same objects serve the API's `config`, the CLI and the settings.

Each checks its own limits and raises `ValueError` with a sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

MAX_SEGMENT_MS = 25_000
"""No segment is longer, ever: the model was trained on at most 30 s, and answers drift well before."""

Granularity = Literal["segment", "frame"]
EmbeddingKind = Literal["utterance", "frame"]

_METADATA_LIMIT = 32


def _check_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} must be from {low:g} to {high:g}, not {value:g}")


@dataclass(frozen=True, slots=True)
class SegmentationOptions:
    """Where a recording is cut. Defaults as measured on speech with known pauses."""

    __pydantic_config__: ClassVar = {"extra": "forbid", "use_attribute_docstrings": True}

    max_ms: int = MAX_SEGMENT_MS
    """Longest segment, 3,000 to 25,000 ms."""

    min_silence_ms: int = 200
    """Shortest stretch without speech that counts as a pause, 100 to 800 ms."""

    silence_db: float = -40.0
    """Level in dBFS under which a frame is silence, -60 to -20. Unless `strict`, it is lowered for quiet recordings."""

    strict: bool = False
    """Keep `silence_db` as it is, also where the recording is so quiet that speech is lost."""

    def __post_init__(self) -> None:
        _check_range("segmentation.max_ms", self.max_ms, 3_000, MAX_SEGMENT_MS)
        _check_range("segmentation.min_silence_ms", self.min_silence_ms, 100, 800)
        _check_range("segmentation.silence_db", self.silence_db, -60, -20)


@dataclass(frozen=True, slots=True)
class AggregationOptions:
    """How segments become a timeline."""

    __pydantic_config__: ClassVar = {"extra": "forbid", "use_attribute_docstrings": True}

    gap_ms: int = 2_000
    """Neighbours of one emotion are merged when the gap between them is under this, 0 to 60,000 ms."""

    min_confidence: float = 0.0
    """Segments under this confidence count as `unknown`, 0 to 1."""

    def __post_init__(self) -> None:
        _check_range("aggregation.gap_ms", self.gap_ms, 0, 60_000)
        _check_range("aggregation.min_confidence", self.min_confidence, 0, 1)


@dataclass(frozen=True, slots=True)
class JobOptions:
    """The `config` of a job. All of it is optional."""

    __pydantic_config__: ClassVar = {"extra": "forbid", "use_attribute_docstrings": True}

    channels: Literal["auto", "mix", "split"] = "auto"
    """`split` analyses each channel by itself, `mix` their mean; `auto` splits when the voices differ."""

    segmentation: SegmentationOptions = field(default_factory=SegmentationOptions)
    """Where the recording is cut."""

    aggregation: AggregationOptions = field(default_factory=AggregationOptions)
    """How segments become a timeline."""

    granularity: Granularity = "segment"
    """`frame` gives each segment of the result the scores of its frames of 20 ms too."""

    embeddings: EmbeddingKind | None = None
    """Keep what the model made of each segment before it named an emotion: one vector for its whole `utterance`, or one
    for each `frame` of 20 ms."""

    metadata: Mapping[str, str] = field(default_factory=dict)
    """Up to 32 strings of the caller's own, given back with the job."""

    def __post_init__(self) -> None:
        if len(self.metadata) > _METADATA_LIMIT:
            raise ValueError(f"metadata holds at most {_METADATA_LIMIT} entries")
