"""The errors of the pipeline and its adapters; `worker.failures` maps each to the failure that users see."""

from __future__ import annotations


class PipelineError(Exception):
    """The base of the pipeline's errors."""


class DownloadFailed(PipelineError):
    """A recording could not be downloaded. The message is a sentence; `may_pass` is True if another try may help."""

    def __init__(self, message: str, *, may_pass: bool) -> None:
        super().__init__(message)
        self.may_pass = may_pass


class DownloadRefused(DownloadFailed):
    """The URL leads to an address to which no request is sent."""

    def __init__(self, message: str) -> None:
        super().__init__(message, may_pass=False)


class UnsupportedMedia(PipelineError):
    """The file's format is not one of the accepted ones."""


class NoAudioStream(PipelineError):
    """The media file has no sound track."""


class TrackMissing(PipelineError):
    """The media file has no sound track of the number that was asked for."""


class DecodeFailed(PipelineError):
    """No sample of the sound track could be decoded."""


class DecoderCrashed(PipelineError):
    """The decoder's process died."""


class DecodeTimeout(PipelineError):
    """The decoder's process sent nothing for too long."""


class TooLong(PipelineError):
    """The recording is longer than the service accepts."""


class UnsupportedAudio(PipelineError):
    """The sound track's sample rate or number of channels is out of the limits."""


class TooManySegments(PipelineError):
    """The recording has more segments than the service accepts."""


class ChannelMissing(PipelineError):
    """A channel to be analysed does not exist, or cannot be separated from the others."""


class ModelTimeout(PipelineError):
    """The model did not answer in time; its process was killed."""


class ModelCrash(PipelineError):
    """The model's process died."""


class ModelOutOfMemory(PipelineError):
    """The device has too little memory for this batch; the model's process was ended to free its memory."""


class ModelUnavailable(PipelineError):
    """The model cannot be loaded, or fails on every input."""


class SpeakersUnavailable(PipelineError):
    """Speakers are to be told apart, and there is no speaker encoder. The message is a sentence."""
