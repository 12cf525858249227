"""The speakers of a recording in one channel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from shared.domain.recording import Recording, to_ms
from shared.domain.segment import SegmentResult
from shared.domain.speakers import SpeakerModel, speaker_label
from shared.schemas.document import Document
from shared.schemas.fields import Printable


class SpeakerModelDocument(Document):
    """The encoder that told the voices apart."""

    id: str = Field(examples=["iic/speech_campplus_sv_zh_en_16k-common_advanced"])
    sha256: str = Field(examples=["9f2c1e0a4b7d5c3e8f6a1b2c3d4e5f60718293a4b5c6d7e8f9010203040506a7"])
    """Of its weights."""
    licence: str = Field(examples=["Apache-2.0"])

    @classmethod
    def from_model(cls, model: SpeakerModel) -> Self:
        return cls(id=model.id, sha256=model.sha256, licence=model.licence)


class SpeakerDocument(Document):
    id: str = Field(examples=["S1"])
    """S1 is the first to be heard."""
    channel: int = Field(examples=[0])
    """The number by which `channel` of the segments, the curve, the conversation and so on means this speaker."""
    name: str | None = Field(examples=["Ada"])
    """As people gave it."""
    merged_into: str | None = Field(examples=[None])
    """The speaker who this one really is, as people say; then all that was said counts there."""
    talk_ms: int = Field(examples=[184300])
    talk_share: float = Field(examples=[0.54])
    certainty: float = Field(examples=[0.93])
    """The mean probability, by the distances of voiceprints, that a segment of this speaker is not one of another's.
    docs/explanation/speakers.md says how far it holds."""

    @classmethod
    def from_recording(cls, recording: Recording, results: Sequence[SegmentResult]) -> list[Self]:
        """Return the documents of the speakers of segments, which have the numbers of their speakers as channels."""
        talk: Counter[int] = Counter()
        for result in results:
            talk[result.segment.channel] += result.segment.speech
        return [
            cls(
                id=speaker_label(number),
                channel=number,
                name=speaker.name,
                merged_into=None if speaker.merged_into is None else speaker_label(speaker.merged_into),
                talk_ms=to_ms(talk[number]),
                talk_share=talk[number] / (talk.total() or 1),
                certainty=speaker.certainty,
            )
            for number, speaker in enumerate(recording.speakers)
        ]


class SpeakerRequest(BaseModel):
    """What a person says of a speaker."""

    model_config = ConfigDict(extra="forbid")

    name: Printable | None = Field(default=None, min_length=1, max_length=64, examples=["Ada"])
    merge_into: str | None = Field(default=None, max_length=8, examples=["S1"])


class SpeakersDocument(BaseModel):
    data: list[SpeakerDocument]
    next_cursor: None = None
