"""What the pipeline needs of the libraries around it. The adapters are in `worker.adapters`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from shared.domain.emotion import ModelInfo, Scores
from shared.domain.recording import AudioFormat, RecordingWarning

Samples = NDArray[np.int16]
"""Sound at 16 kHz: [n] of one channel, or [n, channels]."""


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
    def open(self, path: Path) -> AbstractContextManager[AudioStream]:
        """Raises one of `worker.pipeline.errors` when there is nothing to decode."""
        ...


class VoiceDetector(Protocol):
    """Tells voice from other sound in one channel; it may remember what it has heard."""

    frame: int
    """Samples per decision."""

    def voiced(self, samples: Samples) -> NDArray[np.bool_]:
        """A decision for each whole frame of `samples` [n * frame]."""
        ...


VoiceDetectors = Callable[[], VoiceDetector]
"""Makes a fresh detector, one for each channel."""


class EmotionModel(Protocol):
    @property
    def info(self) -> ModelInfo: ...

    def predict(self, clips: Sequence[Samples]) -> list[Scores]:
        """Scores of each clip [n], exact for each whatever the others are.

        Raises:
            ModelTimeout, ModelCrash: no answer for this batch; a smaller one may do.
            ModelUnavailable: the model cannot run at all.
        """
        ...
