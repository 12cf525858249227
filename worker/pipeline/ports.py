"""What the pipeline needs of the libraries around it. The adapters are in `worker.adapters`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from shared.domain.emotion import ModelInfo, Scores
from shared.domain.options import EmbeddingKind, VoiceDetectorName
from shared.domain.recording import AudioFormat, RecordingWarning

Samples = NDArray[np.int16]
"""Sound at 16 kHz: [n] of one channel, or [n, channels]."""

Floats = NDArray[np.float32]


class Download(Protocol):
    """A recording that is being downloaded."""

    @property
    def size(self) -> int | None:
        """In bytes, as its host says before any of it has come."""
        ...

    @property
    def filename(self) -> str | None:
        """The name that its host gives it."""
        ...

    def blocks(self) -> Iterator[bytes]:
        """Raises DownloadFailed."""
        ...


class Downloader(Protocol):
    def open(self, url: str, unwanted: Callable[[], bool]) -> AbstractContextManager[Download]:
        """Begins a download, which breaks off within a second when it is `unwanted`.

        Raises:
            DownloadRefused: the URL leads where no request is sent.
            DownloadFailed.
        """
        ...


class AudioStream(Protocol):
    """A sound track that is being decoded."""

    @property
    def format(self) -> AudioFormat: ...

    def blocks(self) -> Iterator[Samples]:
        """The sound from its start, [n, 1] or [n, 2] at 16 kHz; three and more channels come mixed into one.

        Raises one of `worker.pipeline.errors`.
        """
        ...

    @property
    def warnings(self) -> Sequence[RecordingWarning]:
        """What was wrong with the file, complete once `blocks` has ended."""
        ...


class AudioDecoder(Protocol):
    def open(self, file: BinaryIO) -> AbstractContextManager[AudioStream]:
        """Decodes an open file from its start.

        Raises one of `worker.pipeline.errors` when there is nothing to decode.
        """
        ...


class VoiceDetector(Protocol):
    """Tells voice from other sound in one channel; it may remember what it has heard."""

    frame: int
    """Samples per decision."""

    def voiced(self, samples: Samples) -> NDArray[np.bool_]:
        """A decision for each whole frame of `samples` [n * frame]."""
        ...


VoiceDetectors = Mapping[VoiceDetectorName, Callable[[], VoiceDetector]]
"""Each makes a fresh detector, one for each channel."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model says of one clip.

    `logits` [frames, labels] in float32 are those of each frame of 20 ms: the softmax of their mean is `scores`.
    `embedding` [dim] is the mean of the frames' embeddings, `frame_embeddings` [frames, dim], there if asked for.
    """

    scores: Scores
    logits: Floats
    embedding: Floats
    frame_embeddings: Floats | None = None

    def embeddings(self, kind: EmbeddingKind | None) -> Floats | None:
        """Those of a kind, or none."""
        if kind == "frame":
            return self.frame_embeddings
        return self.embedding if kind else None


class EmotionModel(Protocol):
    @property
    def info(self) -> ModelInfo: ...

    @property
    def batch(self) -> int:
        """Samples of sound that are best analysed at once."""
        ...

    def predict(
        self, batches: Iterable[Sequence[Samples]], *, frame_embeddings: bool = False
    ) -> Iterator[list[Prediction]]:
        """Predictions for each batch of clips [n], exact for each clip whatever the others are.

        A batch is handed over while the one before it is worked on.

        Raises:
            ModelTimeout, ModelCrash: no answer for this batch; a smaller one may do.
            ModelOutOfMemory: this batch is too large; `batch` is smaller now.
            ModelUnavailable: the model cannot run at all.
        """
        ...
