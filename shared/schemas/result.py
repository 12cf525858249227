"""The whole result of a job, equal from the API and the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from shared.domain.recording import Recording
from shared.domain.timeline import Result
from shared.findings.conversation import Conversation
from shared.findings.rises import find_rises
from shared.frame_scores import Floats
from shared.schemas.conversation import ConversationDocument, RiseDocument
from shared.schemas.document import Document
from shared.schemas.recording import AudioDocument, CoverageDocument, ModelDocument
from shared.schemas.segments import AudioUrl, DominantDocument, SegmentDocument, TimelineEntryDocument
from shared.schemas.summary import SummaryDocument


class ResultDocument(Document):
    dominant: DominantDocument | None
    """The emotion that most segments carry; null where no speech was found."""
    timeline: list[TimelineEntryDocument]
    segments: list[SegmentDocument]
    summary: SummaryDocument
    conversation: ConversationDocument | None
    """How the channels talk with each other; null where a version without these figures prepared the recording."""
    rises: list[RiseDocument]
    """Stretches in which a channel has more of an emotion than is usual for it in this recording."""
    coverage: CoverageDocument
    model: ModelDocument | None
    """Null where nothing was there to be analysed."""
    audio: AudioDocument

    @classmethod
    def from_result(
        cls,
        recording: Recording,
        result: Result,
        audio_url: AudioUrl,
        frame_scores: Mapping[int, Floats],
        conversation: Conversation | None,
    ) -> Self:
        """Return the document of a result; `frame_scores` [frames, labels] are by the index of their segment."""
        return cls(
            dominant=DominantDocument.from_dominant(result.dominant) if result.dominant else None,
            timeline=[TimelineEntryDocument.from_entry(entry, recording.role) for entry in result.timeline],
            segments=SegmentDocument.from_segments(result.segments, recording.role, audio_url, frame_scores),
            summary=SummaryDocument.from_summary(result.summary, recording.role),
            conversation=ConversationDocument.from_conversation(conversation, recording.role) if conversation else None,
            rises=[RiseDocument.from_rise(rise, recording.role) for rise in find_rises(result.segments)],
            coverage=CoverageDocument.from_coverage(result.coverage),
            model=ModelDocument.from_model(result.model) if result.model else None,
            audio=AudioDocument.from_recording(recording),
        )
