"""The recording, the coverage and the model, as several documents have them."""

from __future__ import annotations

from typing import Self

from pydantic import Field

from shared.domain.emotion import ModelInfo
from shared.domain.recording import ChannelMode, Recording, RecordingWarning, Track, to_ms
from shared.domain.timeline import Coverage
from shared.findings.time_account import TimeAccount
from shared.schemas.document import Document


class TrackDocument(Document):
    number: int = Field(examples=[0])
    """Its number in the file, as `track` of the config takes it."""
    title: str | None = Field(examples=["Microphone"])
    language: str | None = Field(examples=["eng"])
    """As the file has it, mostly by ISO 639-2."""
    codec: str | None = Field(examples=["aac"])
    duration_ms: int | None = Field(examples=[3600000])
    """As the file declares it; null where it does not."""
    silent: bool | None = Field(examples=[False])
    """Whether its first minute has no sound; null where the config chose the tracks, and nobody looked."""
    analysed: bool = Field(examples=[True])
    channel: int | None = Field(examples=[0])
    """With `each`, the channel that it is in the result."""

    @classmethod
    def from_track(cls, track: Track) -> Self:
        return cls(
            number=track.number,
            title=track.title,
            language=track.language,
            codec=track.codec,
            duration_ms=None if track.duration is None else to_ms(track.duration),
            silent=track.silent,
            analysed=track.analysed,
            channel=track.channel,
        )


class AudioDocument(Document):
    filename: str = Field(examples=["call.mp3"])
    size_bytes: int | None = Field(examples=[14403271])
    """Null, like `sha256`, while it is still to be downloaded."""
    sha256: str | None = Field(examples=["9f2c1e0a4b7d5c3e8f6a1b2c3d4e5f60718293a4b5c6d7e8f9010203040506a7"])
    url: str | None = Field(examples=[None])
    """Where it was or will be downloaded from, without the query; null where it was uploaded."""
    duration_ms: int | None = Field(examples=[3600000])
    channels: int | None = Field(examples=[2])
    sample_rate: int | None = Field(examples=[8000])
    codec: str | None = Field(examples=["mp3"])
    channel_mode: ChannelMode | None
    """Whether the channels were analysed each by itself (`split`) or as one (`mix`, then channel 0)."""
    tracks: list[TrackDocument]
    """The sound tracks of a file that has several."""
    warnings: list[RecordingWarning]

    @classmethod
    def from_recording(cls, recording: Recording) -> Self:
        return cls(
            filename=recording.filename,
            size_bytes=recording.size_bytes,
            sha256=recording.sha256,
            url=recording.origin.shown if recording.origin else None,
            duration_ms=None if recording.duration is None else to_ms(recording.duration),
            channels=recording.channels,
            sample_rate=recording.sample_rate,
            codec=recording.codec,
            channel_mode=recording.channel_mode,
            tracks=[TrackDocument.from_track(track) for track in recording.tracks],
            warnings=list(recording.warnings),
        )


class CoverageDocument(Document):
    speech_ms: int = Field(examples=[2604630])
    analysed_ms: int = Field(examples=[2598610])
    not_speech_ms: int = Field(examples=[6020])
    """Tones and noise that were taken for voice at first, and left out."""

    @classmethod
    def from_coverage(cls, coverage: Coverage) -> Self:
        return cls(
            speech_ms=to_ms(coverage.speech),
            analysed_ms=to_ms(coverage.analysed),
            not_speech_ms=to_ms(coverage.not_speech),
        )


class TimeDocument(Document):
    """Where the time of a recording went: `sound_ms` is analysed speech, other speech and silence together."""

    channels: int = Field(examples=[2])
    """Channels in which segments lie, at least one."""
    sound_ms: int = Field(examples=[7200000])
    """The length of the recording in each of them."""
    analysed_ms: int = Field(examples=[2598610])
    missed_ms: int = Field(examples=[6020])
    """Speech that was not analysed: skipped segments, and sounds too short to be made into segments."""
    silence_ms: int = Field(examples=[4595370])

    @classmethod
    def from_account(cls, account: TimeAccount) -> Self:
        """Return the document of an account; rounding goes to the silence, so that it adds up."""
        sound, analysed, missed = to_ms(account.sound), to_ms(account.analysed), to_ms(account.missed)
        return cls(
            channels=account.channels,
            sound_ms=sound,
            analysed_ms=analysed,
            missed_ms=missed,
            silence_ms=sound - analysed - missed,
        )


class ModelDocument(Document):
    id: str = Field(examples=["iic/emotion2vec_plus_large"])
    revision: str | None = Field(examples=["v2.0.5"])
    sha256: str = Field(examples=["9f2c1e0a4b7d5c3e8f6a1b2c3d4e5f60718293a4b5c6d7e8f9010203040506a7"])
    """Of the weights and the labels."""
    precision: str = Field(examples=["fp32"])
    """Number format of the model's matrix products: `fp32`, or `bf16` or `fp16` with scores a few hundredths apart."""
    notice: str | None = Field(examples=[None])
    """What one must know of this model to read its results rightly."""
    calibration: str | None = Field(examples=[None])
    """The data that its `unfamiliarity` and `emotion_set` were measured on; null where it has no calibration."""

    @classmethod
    def from_model(cls, model: ModelInfo) -> Self:
        return cls(
            id=model.id,
            revision=model.revision,
            sha256=model.sha256,
            precision=model.precision,
            notice=model.notice,
            calibration=model.calibration,
        )
