"""The mapping from exceptions to the failures that users see."""

from __future__ import annotations

from dataclasses import replace

from shared.domain.errors import DatabaseUnavailable, ObjectDamaged, ObjectNotFound, StorageFull, StoreUnavailable
from shared.domain.failure import FAILURES, Failure, FailureCode
from shared.domain.upload_errors import EmptyUpload, NotMedia, UploadTooLarge
from worker.pipeline.errors import (
    ChannelMissing,
    DecodeFailed,
    DecoderCrashed,
    DecodeTimeout,
    DownloadFailed,
    DownloadRefused,
    NoAudioStream,
    SpeakersUnavailable,
    TooLong,
    TooManySegments,
    TrackMissing,
    UnsupportedAudio,
    UnsupportedMedia,
)

_CODES: dict[type[Exception], FailureCode] = {
    DownloadRefused: FailureCode.DOWNLOAD_REFUSED,
    DownloadFailed: FailureCode.DOWNLOAD_FAILED,
    UploadTooLarge: FailureCode.TOO_LARGE,
    NotMedia: FailureCode.NOT_MEDIA,
    EmptyUpload: FailureCode.NOT_MEDIA,
    UnsupportedMedia: FailureCode.UNSUPPORTED_MEDIA,
    NoAudioStream: FailureCode.NO_AUDIO_STREAM,
    TrackMissing: FailureCode.TRACK_MISSING,
    DecodeFailed: FailureCode.DECODE_FAILED,
    DecoderCrashed: FailureCode.DECODER_CRASHED,
    DecodeTimeout: FailureCode.DECODE_TIMEOUT,
    TooLong: FailureCode.TOO_LONG,
    TooManySegments: FailureCode.TOO_MANY_SEGMENTS,
    UnsupportedAudio: FailureCode.UNSUPPORTED_AUDIO,
    ChannelMissing: FailureCode.CHANNEL_MISSING,
    SpeakersUnavailable: FailureCode.SPEAKERS_UNAVAILABLE,
    StorageFull: FailureCode.STORAGE_FULL,
    StoreUnavailable: FailureCode.STORE_UNAVAILABLE,
    DatabaseUnavailable: FailureCode.DATABASE_UNAVAILABLE,
    ObjectNotFound: FailureCode.STORAGE_ERROR,
    ObjectDamaged: FailureCode.STORAGE_ERROR,
    OSError: FailureCode.STORAGE_ERROR,
}


def failure_of(error: Exception) -> Failure:
    """The failure of a job whose stage raised `error`; an unknown error is INTERNAL_ERROR."""
    codes = (code for kind, code in _CODES.items() if isinstance(error, kind))
    failure = FAILURES[next(codes, FailureCode.INTERNAL_ERROR)]
    if isinstance(error, UnsupportedMedia | NotMedia) and error.args:
        return replace(failure, message=str(error))
    if isinstance(error, DownloadFailed):
        return replace(failure, message=str(error), retryable=error.may_pass)
    return failure
