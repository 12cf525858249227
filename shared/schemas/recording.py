"""The recording, the coverage and the model, as several documents have them."""

from __future__ import annotations

from typing import Self

from shared.domain.emotion import ModelInfo
from shared.domain.recording import ChannelMode, Recording, RecordingWarning, Track, to_ms
from shared.domain.timeline import Coverage
from shared.findings.time_account import TimeAccount
from shared.schemas.document import Document


class TrackDocument(Document):
    number: int
    """Its number in the file, as `track` of the config takes it."""
    title: str | None
    language: str | None
    """As the file has it, mostly by ISO 639-2."""
    codec: str | None
    duration_ms: int | None
    """As the file declares it; null where it does not."""
    silent: bool | None
    """Whether its first minute has no sound; null where the config chose the tracks, and nobody looked."""
    analysed: bool
    channel: int | None
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
    filename: str
    size_bytes: int | None
    """Null, like `sha256`, while it is still to be downloaded."""
    sha256: str | None
    url: str | None
    """Where it was or will be downloaded from, without the query; null where it was uploaded."""
    duration_ms: int | None
    channels: int | None
    sample_rate: int | None
    codec: str | None
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
    speech_ms: int
    analysed_ms: int
    not_speech_ms: int
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

    channels: int
    """Channels in which segments lie, at least one."""
    sound_ms: int
    """The length of the recording in each of them."""
    analysed_ms: int
    missed_ms: int
    """Speech that was not analysed: skipped segments, and sounds too short to be made into segments."""
    silence_ms: int

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
    id: str
    revision: str | None
    sha256: str
    """Of the weights and the labels."""
    precision: str
    """Number format of the model's matrix products: `fp32`, or `bf16` or `fp16` with scores a few hundredths apart."""
    notice: str | None
    """What one must know of this model to read its results rightly."""
    calibration: str | None
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
