"""The ports of the pipeline: decoder, voice detector, model, downloader. Their adapters are in `worker.adapters`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import BinaryIO, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from shared.domain.emotion import ModelInfo, Scores
from shared.domain.options import EmbeddingKind, TrackOption, VoiceDetectorName
from shared.domain.raw_sound import RawSound
from shared.domain.recording import AudioFormat, RecordingWarning
from shared.domain.speakers import SpeakerModel
from shared.frame_scores import softmax

Samples = NDArray[np.int16]
"""Sound at 16 kHz, int16: [n] for one channel, or [n, channels]."""

Floats = NDArray[np.float32]


class Download(Protocol):
    """A download in progress."""

    @property
    def size(self) -> int | None:
        """The length in bytes as the host declares it, or None."""
        ...

    @property
    def filename(self) -> str | None:
        """The file name that the host gives, or None."""
        ...

    def blocks(self) -> Iterator[bytes]:
        """The content in order. Raises DownloadFailed when it breaks off."""
        ...


class Downloader(Protocol):
    """Downloads recordings."""

    def open(self, url: str, canceled: Callable[[], bool]) -> AbstractContextManager[Download]:
        """Begin a download; it breaks off within a second once `canceled` returns True.

        Raises:
            DownloadRefused: the URL leads to an address to which no request is sent.
            DownloadFailed: the host does not send the file.
        """
        ...


class AudioStream(Protocol):
    """A sound track in the process of being decoded."""

    @property
    def format(self) -> AudioFormat:
        """The codec, sample rate, number of channels and declared length of the file."""
        ...

    def blocks(self) -> Iterator[Samples]:
        """The sound from its start, [n, 1] or [n, 2] at 16 kHz; of several tracks side by side, see `AudioFormat`.

        Three and more channels come mixed into one if the file tells the place of each, else as [n, channels].

        Raises one of `worker.pipeline.errors`.
        """
        ...

    @property
    def warnings(self) -> Sequence[RecordingWarning]:
        """The defects of the file, complete once `blocks` has ended."""
        ...


class AudioDecoder(Protocol):
    """Decodes media files."""

    def open(
        self, file: BinaryIO, track: TrackOption = None, raw: RawSound | None = None
    ) -> AbstractContextManager[AudioStream]:
        """Decode sound of an open file from its start: the track of this number, from 0 on, the default one, or each.

        A file that does not begin with the mark of a format is read as `raw` says.

        Raises one of `worker.pipeline.errors` when there is nothing to decode.
        """
        ...


class SpeakerEncoder(Protocol):
    """Turns the sound of a voice into a voiceprint: a vector that is alike for stretches of one speaker."""

    @property
    def info(self) -> SpeakerModel:
        """The id, hash and licence of its weights. Raises SpeakersUnavailable."""
        ...

    def embed(self, sounds: Sequence[Samples]) -> Floats:
        """Return the voiceprint of each sound [n], of unit length, [sounds, dim]. Raises SpeakersUnavailable."""
        ...


class VoiceDetector(Protocol):
    """Tells voice from other sound in one channel; it may keep state from one call to the next."""

    frame: int
    """Samples per decision."""

    takes_any_sound: bool
    """Whether it takes tones, noise and music for voice too, so that its decisions need a second look."""

    def voiced(self, samples: Samples) -> NDArray[np.bool_]:
        """Decide for each frame of `samples` [n * frame] whether it is voice, [n]."""
        ...


VoiceDetectors = Mapping[VoiceDetectorName, Callable[[], VoiceDetector]]
"""Factories by name; every channel gets a detector of its own."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """The model's prediction for one clip.

    `scores` is the softmax of the mean of `logits` [frames, labels], float32, one row per frame of 20 ms.
    `embedding` [dim] is the mean of `frame_embeddings` [frames, dim], which are None unless requested. A calibrated
    model gives `p_values` and `unfamiliarity`, see `SegmentOutcome`.
    """

    scores: Scores
    logits: Floats
    embedding: Floats
    frame_embeddings: Floats | None = None
    p_values: Scores | None = None
    unfamiliarity: float | None = None

    def embeddings(self, kind: EmbeddingKind | None) -> Floats | None:
        """The embeddings of a kind, [dim] or [frames, dim]; None for no kind."""
        if kind == "frame":
            return self.frame_embeddings
        return self.embedding if kind else None

    def among(self, emotions: Collection[str]) -> Self | None:
        """The prediction with only these emotions told apart; None if the model has none of them."""
        columns = [column for column, label in enumerate(self.scores) if label in emotions]
        if not columns:
            return None
        logits = self.logits[:, columns]
        labels = [label for label in self.scores if label in emotions]
        scores = dict(zip(labels, softmax(logits.mean(axis=0)).tolist(), strict=True))
        # A p-value is of the label by itself, so that those of the others stay right without it.
        p_values = {label: self.p_values[label] for label in labels} if self.p_values else None
        return replace(self, logits=logits, scores=scores, p_values=p_values)


class EmotionModel(Protocol):
    """Scores clips."""

    @property
    def info(self) -> ModelInfo:
        """The model's name, revision, hash, labels and precision. Raises ModelUnavailable."""
        ...

    @property
    def batch(self) -> int:
        """The best batch size, in samples of sound. Raises ModelUnavailable."""
        ...

    @property
    def samples_per_s(self) -> float:
        """The samples of sound that the model scored in a second of late; 0 before the first batch."""
        ...

    def predict(
        self, batches: Iterable[Sequence[Samples]], *, frame_embeddings: bool = False
    ) -> Iterator[list[Prediction]]:
        """Predict each batch of clips [n]; a clip's prediction does not depend on the others in its batch.

        Each batch is sent while the model works on the one before it.

        Raises:
            ModelTimeout, ModelCrash: this batch got no prediction; a smaller one may.
            ModelOutOfMemory: this batch is too large; `batch` is smaller now.
            ModelUnavailable: the model cannot run at all.
        """
        ...
