"""What a report is of: everything that it says or shows comes from here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from shared.domain.options import JobOptions
from shared.domain.recording import Recording
from shared.domain.timeline import Result


@dataclass(frozen=True, slots=True)
class Sound:
    """What can be heard of the segments, by their index.

    `link` is where one is played from, None where nowhere; `place` is the service that the links lead to, None where
    they are files beside the report. `clip` is its sound as FLAC, None where it is gone. `deleted` says that the sound
    of all of them was deleted.
    """

    link: Callable[[int], str | None]
    clip: Callable[[int], bytes | None]
    place: str | None = None
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """A recording and its result. `analysed_at` is when its job ended; `heatmap` the PNG to show, if any."""

    recording: Recording
    result: Result
    options: JobOptions
    sound: Sound
    job_id: str | None = None
    analysed_at: datetime | None = None
    heatmap: bytes | None = None

    @property
    def duration(self) -> int:
        """Of the recording, in samples."""
        ends = (found.segment.end for found in self.result.segments)
        return self.recording.duration or max(ends, default=0)
