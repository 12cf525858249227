"""From an exception to the failure that a user sees: the only place."""

from __future__ import annotations

from shared.domain.errors import DatabaseUnavailable, ObjectNotFound, StorageFull, StoreUnavailable
from shared.domain.failure import FAILURES, Failure, FailureCode
from worker.pipeline.errors import (
    ChannelMissing,
    DecodeFailed,
    DecoderCrashed,
    DecodeTimeout,
    NoAudioStream,
    TooLong,
    TooManySegments,
    UnsupportedAudio,
    UnsupportedMedia,
)

_CODES: dict[type[Exception], FailureCode] = {
    UnsupportedMedia: FailureCode.UNSUPPORTED_MEDIA,
    NoAudioStream: FailureCode.NO_AUDIO_STREAM,
    DecodeFailed: FailureCode.DECODE_FAILED,
    DecoderCrashed: FailureCode.DECODER_CRASHED,
    DecodeTimeout: FailureCode.DECODE_TIMEOUT,
    TooLong: FailureCode.TOO_LONG,
    TooManySegments: FailureCode.TOO_MANY_SEGMENTS,
    UnsupportedAudio: FailureCode.UNSUPPORTED_AUDIO,
    ChannelMissing: FailureCode.CHANNEL_MISSING,
    StorageFull: FailureCode.STORAGE_FULL,
    StoreUnavailable: FailureCode.STORE_UNAVAILABLE,
    DatabaseUnavailable: FailureCode.DATABASE_UNAVAILABLE,
    ObjectNotFound: FailureCode.STORAGE_ERROR,
    OSError: FailureCode.STORAGE_ERROR,
}


def failure_of(error: Exception) -> Failure:
    """The failure that `error` means for the job in whose stage it was raised."""
    for kind, code in _CODES.items():
        if isinstance(error, kind):
            return FAILURES[code]
    return FAILURES[FailureCode.INTERNAL_ERROR]
