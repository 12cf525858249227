"""What a report is of: all that it says or shows comes from here. It is data, so that other processes take it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from reports.heatmap_input import Picture
from shared.domain.options import JobOptions
from shared.domain.recording import Recording
from shared.domain.timeline import Result


@dataclass(frozen=True, slots=True)
class Sound:
    """What can be heard of the segments, by their index.

    `links` are where they are played from; `place` is the service that those lead to, None where they are files beside
    the report. `clips` are FLAC, of the segments to listen to. `deleted` says that the sound of all was deleted.
    """

    links: Mapping[int, str] = field(default_factory=dict)
    clips: Mapping[int, bytes] = field(default_factory=dict)
    place: str | None = None
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """A recording and its result. `analysed_at` is when its job ended, `picture` its heat map, if any."""

    recording: Recording
    result: Result
    options: JobOptions
    sound: Sound
    job_id: str | None = None
    analysed_at: datetime | None = None
    picture: Picture | None = None

    @property
    def duration(self) -> int:
        """Of the recording, in samples."""
        ends = (found.segment.end for found in self.result.segments)
        return self.recording.duration or max(ends, default=0)
