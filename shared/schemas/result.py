"""The whole result of a job, equal from the API and the command line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Self

from shared.domain.options import JobOptions
from shared.domain.recording import Recording
from shared.domain.timeline import Result
from shared.frame_scores import Scores
from shared.schemas.document import Document
from shared.schemas.recording import AudioDocument, CoverageDocument, ModelDocument
from shared.schemas.segments import AudioUrl, DominantDocument, SegmentDocument, TimelineEntryDocument
from shared.schemas.summary import SummaryDocument
from shared.version import VERSION


class ResultDocument(Document):
    dominant: DominantDocument | None
    """The emotion that most segments carry; null where no speech was found."""
    timeline: list[TimelineEntryDocument]
    segments: list[SegmentDocument]
    summary: SummaryDocument
    coverage: CoverageDocument
    model: ModelDocument | None
    """Null where nothing was there to be analysed."""
    audio: AudioDocument
    config: JobOptions
    """The options that the recording was analysed with, those included that nobody set."""
    finished_at: datetime
    """When the analysis ended."""
    emoline_version: str
    """The version of Emoline that made this document out of the segments' scores."""

    @classmethod
    def from_result(
        cls,
        recording: Recording,
        result: Result,
        options: JobOptions,
        finished_at: datetime,
        audio_url: AudioUrl,
        frame_scores: Mapping[int, Scores],
    ) -> Self:
        """Return the document of a result; `frame_scores` [frames, labels] are by the index of their segment."""
        return cls(
            dominant=DominantDocument.from_dominant(result.dominant) if result.dominant else None,
            timeline=[TimelineEntryDocument.from_entry(entry, recording.role) for entry in result.timeline],
            segments=SegmentDocument.from_segments(result.segments, recording.role, audio_url, frame_scores),
            summary=SummaryDocument.from_summary(result.summary, recording.role),
            coverage=CoverageDocument.from_coverage(result.coverage),
            model=ModelDocument.from_model(result.model) if result.model else None,
            audio=AudioDocument.from_recording(recording),
            config=options,
            finished_at=finished_at,
            emoline_version=VERSION,
        )


def result_json(
    recording: Recording,
    result: Result,
    options: JobOptions,
    finished_at: datetime,
    audio_url: AudioUrl,
    frame_scores: Mapping[int, Scores],
) -> Iterator[bytes]:
    """Yield the text of a `ResultDocument` in pieces, each with one of the segments, which may be tens of thousands."""
    empty = replace(result, segments=())
    frame = ResultDocument.from_result(recording, empty, options, finished_at, audio_url, {})
    # Between quotes, a quote has a backslash before it: this is the field, whatever roles and file names are.
    head, tail = frame.model_dump_json(by_alias=True).split('"segments":[]')
    yield f'{head}"segments":['.encode()
    for place, segment in enumerate(result.segments):
        (document,) = SegmentDocument.from_segments([segment], recording.role, audio_url, frame_scores)
        yield f"{',' if place else ''}{document.model_dump_json(by_alias=True)}".encode()
    yield f"]{tail}".encode()
