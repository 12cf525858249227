"""The whole result, the same from the API and the command line."""

from __future__ import annotations

from typing import Self

from shared.domain.recording import Recording
from shared.domain.timeline import Result
from shared.frame_scores import FrameScores
from shared.schemas.recording import AudioDocument, CoverageDocument, Document, ModelDocument
from shared.schemas.segments import AudioUrl, DominantDocument, SegmentDocument, TimelineEntryDocument
from shared.schemas.summary import SummaryDocument


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

    @classmethod
    def of(cls, recording: Recording, result: Result, audio_url: AudioUrl, frame_scores: FrameScores) -> Self:
        return cls(
            dominant=DominantDocument.of(result.dominant) if result.dominant else None,
            timeline=[TimelineEntryDocument.of(entry, recording.role) for entry in result.timeline],
            segments=[
                SegmentDocument.of(segment, recording.role, audio_url, frame_scores) for segment in result.segments
            ],
            summary=SummaryDocument.of(result.summary, recording.role),
            coverage=CoverageDocument.of(result.coverage),
            model=ModelDocument.of(result.model) if result.model else None,
            audio=AudioDocument.of(recording),
        )
