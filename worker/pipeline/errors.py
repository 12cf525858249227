"""What the adapters of the pipeline raise; `worker.failures` says which failure each means."""

from __future__ import annotations


class PipelineError(Exception):
    """Something in the pipeline did not work."""


class DownloadFailed(PipelineError):
    """A recording that its URL did not give. The message is a sentence; `may_pass` is whether another try may help."""

    def __init__(self, message: str, *, may_pass: bool) -> None:
        super().__init__(message)
        self.may_pass = may_pass


class DownloadRefused(DownloadFailed):
    """A URL that leads where no request is sent."""

    def __init__(self, message: str) -> None:
        super().__init__(message, may_pass=False)


class UnsupportedMedia(PipelineError):
    """No format in the list of those that are read."""


class NoAudioStream(PipelineError):
    """A media file without a sound track."""


class DecodeFailed(PipelineError):
    """A sound track from which no sample could be decoded."""


class DecoderCrashed(PipelineError):
    """The decoder's process died."""


class DecodeTimeout(PipelineError):
    """The decoder's process gave nothing for too long."""


class TooLong(PipelineError):
    """More sound than the service accepts."""


class UnsupportedAudio(PipelineError):
    """A sound track with a sample rate or a number of channels out of the limits."""


class TooManySegments(PipelineError):
    """More segments than the service accepts."""


class ChannelMissing(PipelineError):
    """A channel that was to be analysed is not there, or does not come apart from the others."""


class ModelTimeout(PipelineError):
    """The model did not answer in time; its process was killed."""


class ModelCrash(PipelineError):
    """The model's process died."""


class ModelOutOfMemory(PipelineError):
    """The device has too little memory for this batch; the model's process was ended to free what it held."""


class ModelUnavailable(PipelineError):
    """The model cannot be loaded, or fails whatever it is given."""
