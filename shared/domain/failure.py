"""Failures of jobs and reasons of skipped segments, with their codes and messages.

`worker.failures` maps exceptions to these failures.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FailureCode(StrEnum):
    """Stable codes; integrators match on them."""

    # Failures of a download.
    DOWNLOAD_FAILED = "download_failed"
    DOWNLOAD_REFUSED = "download_refused"
    TOO_LARGE = "too_large"
    NOT_MEDIA = "not_media"
    # Failures of a recording.
    UNSUPPORTED_MEDIA = "unsupported_media"
    NO_AUDIO_STREAM = "no_audio_stream"
    TRACK_MISSING = "track_missing"
    DECODE_FAILED = "decode_failed"
    DECODER_CRASHED = "decoder_crashed"
    DECODE_TIMEOUT = "decode_timeout"
    UNSUPPORTED_AUDIO = "unsupported_audio"
    TOO_LONG = "too_long"
    TOO_MANY_SEGMENTS = "too_many_segments"
    CHANNEL_MISSING = "channel_missing"
    SPEAKERS_UNAVAILABLE = "speakers_unavailable"
    NOTHING_ANALYSED = "nothing_analysed"
    DEADLINE_EXCEEDED = "deadline_exceeded"
    STORAGE_ERROR = "storage_error"
    INTERNAL_ERROR = "internal_error"
    GAVE_UP = "gave_up"
    # Outages: a job waits for their end and does not fail.
    STORE_UNAVAILABLE = "store_unavailable"
    STORAGE_FULL = "storage_full"
    DATABASE_UNAVAILABLE = "database_unavailable"
    # Reasons of skipped segments.
    TIMEOUT = "timeout"
    CRASH = "crash"
    BAD_AUDIO = "bad_audio"
    EMOTIONS_MISSING = "emotions_missing"


@dataclass(frozen=True, slots=True)
class Failure:
    """The reason why a job failed or waits, or why a segment was skipped.

    `retryable`: the same recording may succeed at another attempt; workers retry before the job fails.
    `outage`: the failure has nothing to do with the recording; workers wait until it is over, however long it lasts.
    """

    code: FailureCode
    message: str
    retryable: bool = False
    outage: bool = False


_TABLE = (
    Failure(FailureCode.DOWNLOAD_FAILED, "The recording could not be downloaded.", retryable=True),
    Failure(FailureCode.DOWNLOAD_REFUSED, "The URL leads to an address that is not public."),
    Failure(FailureCode.TOO_LARGE, "The recording is larger than this service accepts."),
    Failure(FailureCode.NOT_MEDIA, "What the URL leads to is empty, or neither audio nor video."),
    Failure(
        FailureCode.UNSUPPORTED_MEDIA,
        "The file is not a recording in a format that Emoline reads; headerless sound needs a name such as call.al, "
        "call.ul or call.sln, or `raw` in the config.",
    ),
    Failure(FailureCode.NO_AUDIO_STREAM, "The file has no sound track."),
    Failure(FailureCode.TRACK_MISSING, "The file has no sound track of the number in `track`."),
    Failure(FailureCode.DECODE_FAILED, "The file looks like a recording, but no sound could be decoded from it."),
    Failure(FailureCode.DECODER_CRASHED, "The decoder crashed on this file."),
    Failure(FailureCode.DECODE_TIMEOUT, "The decoder made no progress on this file and was stopped."),
    Failure(
        FailureCode.UNSUPPORTED_AUDIO,
        "The sound track has a sample rate or a number of channels that Emoline does not read.",
    ),
    Failure(FailureCode.TOO_LONG, "The recording is longer than this service accepts."),
    Failure(FailureCode.TOO_MANY_SEGMENTS, "The recording falls into more segments than this service accepts."),
    Failure(
        FailureCode.CHANNEL_MISSING,
        "The recording lacks a channel that was to be analysed, or has more than can be kept apart.",
    ),
    Failure(
        FailureCode.SPEAKERS_UNAVAILABLE,
        "This service has no speaker encoder, by which `speakers` would be told apart.",
    ),
    Failure(FailureCode.NOTHING_ANALYSED, "Speech was found, but none of it could be analysed."),
    Failure(FailureCode.DEADLINE_EXCEEDED, "The job had not ended when its deadline came."),
    Failure(FailureCode.STORAGE_ERROR, "The storage did not answer as it should.", retryable=True),
    Failure(FailureCode.INTERNAL_ERROR, "Something went wrong inside Emoline.", retryable=True),
    Failure(FailureCode.GAVE_UP, "The job was interrupted too many times."),
    Failure(FailureCode.STORE_UNAVAILABLE, "The store of the recordings is away.", retryable=True, outage=True),
    Failure(FailureCode.STORAGE_FULL, "There is no room left to store segments.", retryable=True, outage=True),
    Failure(FailureCode.DATABASE_UNAVAILABLE, "The database was away.", retryable=True, outage=True),
    Failure(FailureCode.TIMEOUT, "The model did not answer in time for this segment."),
    Failure(FailureCode.CRASH, "The model process died on this segment."),
    Failure(FailureCode.BAD_AUDIO, "The segment's audio cannot be analysed."),
    Failure(FailureCode.EMOTIONS_MISSING, "The model has none of the emotions that the config's `emotions` names."),
)
FAILURES = {failure.code: failure for failure in _TABLE}

SEGMENT_REASONS = (FailureCode.TIMEOUT, FailureCode.CRASH, FailureCode.BAD_AUDIO, FailureCode.EMOTIONS_MISSING)
"""The codes of skipped segments; all other codes are failures of jobs."""
