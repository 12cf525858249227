"""The input of a report: everything that the report says or shows. It is data, so that other processes can take it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from reports.heatmap_input import HeatmapData
from shared.domain.options import JobOptions
from shared.domain.recording import Recording
from shared.domain.timeline import Result
from shared.findings.conversation import Conversation


@dataclass(frozen=True, slots=True)
class SegmentAudio:
    """The sound of the segments, by their index.

    `links` are addresses that play a segment; `service_url` is the service to which they lead, None where they are
    files beside the report. `clips` are FLAC, of the key segments. `deleted` is whether all sound was deleted.
    """

    links: Mapping[int, str] = field(default_factory=dict)
    clips: Mapping[int, bytes] = field(default_factory=dict)
    service_url: str | None = None
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class ReportInput:
    """A recording and its result.

    `analysed_at` is the end of its job. `heatmap` is the data of its heat map and `conversation` the figures of its
    conversation, if there are any.
    """

    recording: Recording
    result: Result
    options: JobOptions
    audio: SegmentAudio
    job_id: str | None = None
    analysed_at: datetime | None = None
    heatmap: HeatmapData | None = None
    conversation: Conversation | None = None

    @property
    def duration(self) -> int:
        """The length of the recording, in samples."""
        return self.result.duration
