"""The whole result of a job, equal from the API and the command line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from pydantic import Field

from shared.domain.options import JobOptions
from shared.domain.recording import Recording
from shared.domain.timeline import Result
from shared.findings.conversation import Conversation
from shared.findings.curve import compute_curve
from shared.findings.recording_findings import RecordingFindings
from shared.findings.rises import find_rises
from shared.findings.time_account import TimeAccount
from shared.frame_scores import Scores
from shared.schemas.conversation import ConversationDocument, RiseDocument
from shared.schemas.curve import CurveDocument
from shared.schemas.document import Document
from shared.schemas.phases import ChangeDocument, PhaseDocument
from shared.schemas.recording import AudioDocument, CoverageDocument, ModelDocument, TimeDocument
from shared.schemas.segments import AudioUrl, DominantDocument, SegmentDocument, TimelineEntryDocument
from shared.schemas.speakers import SpeakerDocument, SpeakerModelDocument
from shared.schemas.summary import SummaryDocument
from shared.version import VERSION


@dataclass(frozen=True, slots=True)
class AnalysedRecording:
    """A recording with its result, and what the result was made by.

    `conversation` is None where a version without its figures prepared the recording.
    """

    recording: Recording
    result: Result
    options: JobOptions
    finished_at: datetime
    conversation: Conversation | None


class ResultDocument(Document):
    dominant: DominantDocument | None
    """The emotion that most segments carry; null where no speech was found."""
    timeline: list[TimelineEntryDocument]
    segments: list[SegmentDocument]
    speakers: list[SpeakerDocument]
    """The speakers of a recording that was analysed as one channel, if `speakers` of the config asks for them. Each
    counts as a channel then, in all that has a `channel`."""
    speaker_model: SpeakerModelDocument | None
    """By which the speakers were told apart."""
    summary: SummaryDocument
    conversation: ConversationDocument | None
    """How the channels talk with each other; null where a version without these figures prepared the recording."""
    rises: list[RiseDocument]
    """Stretches in which a channel has more of an emotion than is usual for it in this recording."""
    curve: CurveDocument
    phases: list[PhaseDocument]
    changes: list[ChangeDocument]
    coverage: CoverageDocument
    time: TimeDocument
    model: ModelDocument | None
    """Null where nothing was there to be analysed."""
    audio: AudioDocument
    config: JobOptions
    """The options that the recording was analysed with, those included that nobody set."""
    finished_at: datetime = Field(examples=["2026-11-22T09:00:00Z"])
    """When the analysis ended."""
    emoline_version: str = Field(examples=["0.2.0"])
    """The version of Emoline that made this document out of the segments' scores."""

    @classmethod
    def from_analysed(
        cls,
        analysed: AnalysedRecording,
        audio_url: AudioUrl,
        frame_scores: Mapping[int, Scores],
        *,
        with_segments: bool = True,
    ) -> Self:
        """Return the document of a result; `frame_scores` [frames, labels] are by the index of their segment."""
        recording, result, conversation = analysed.recording, analysed.result, analysed.conversation
        segments = result.segments if with_segments else ()
        findings = RecordingFindings.from_result(result)
        role = recording.role
        return cls(
            dominant=DominantDocument.from_dominant(result.dominant) if result.dominant else None,
            timeline=[TimelineEntryDocument.from_entry(entry, role) for entry in result.timeline],
            segments=SegmentDocument.from_segments(segments, role, audio_url, frame_scores, result.set_probability),
            speakers=SpeakerDocument.from_recording(recording, result.segments),
            speaker_model=SpeakerModelDocument.from_model(recording.speaker_model) if recording.speaker_model else None,
            summary=SummaryDocument.from_summary(result.summary, role),
            curve=CurveDocument.from_curve(compute_curve(findings.channels, result.duration), role),
            phases=[PhaseDocument.from_phase(phase, role) for phase in findings.phases],
            changes=[ChangeDocument.from_change(change, role) for change in findings.changes],
            conversation=ConversationDocument.from_conversation(conversation, role) if conversation else None,
            rises=[RiseDocument.from_rise(rise, role) for rise in find_rises(result)],
            coverage=CoverageDocument.from_coverage(result.coverage),
            time=TimeDocument.from_account(TimeAccount.from_result(result)),
            model=ModelDocument.from_model(result.model) if result.model else None,
            audio=AudioDocument.from_recording(recording),
            config=analysed.options,
            finished_at=analysed.finished_at,
            emoline_version=VERSION,
        )


def result_json(
    analysed: AnalysedRecording, audio_url: AudioUrl, frame_scores: Mapping[int, Scores]
) -> Iterator[bytes]:
    """Yield the text of a `ResultDocument` in pieces, each with one of the segments, which may be tens of thousands."""
    frame = ResultDocument.from_analysed(analysed, audio_url, {}, with_segments=False)
    # Between quotes, a quote has a backslash before it: this is the field, whatever roles and file names are. The
    # curve, which comes later, has one of the same name.
    head, tail = frame.model_dump_json(by_alias=True).split('"segments":[]', 1)
    yield f'{head}"segments":['.encode()
    for place, segment in enumerate(analysed.result.segments):
        (document,) = SegmentDocument.from_segments(
            [segment], analysed.recording.role, audio_url, frame_scores, analysed.result.set_probability
        )
        yield f"{',' if place else ''}{document.model_dump_json(by_alias=True)}".encode()
    yield f"]{tail}".encode()
