"""Preparations of sound in memory, with what was found in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from shared.domain.options import JobOptions
from shared.domain.recording import SAMPLE_RATE, AudioFormat, Recording, RecordingWarning
from worker.pipeline.ports import Samples
from worker.pipeline.prepare import Clip, Preparation
from worker.pipeline.segmenter import SpeechActivity
from worker.pipeline.speech import close_gaps, runs
from worker.pipeline_builder import VOICE_DETECTORS

_PAUSE = 20
"""Steps of the default `min_silence_ms`."""


class MemoryStream:
    """`worker.pipeline.ports.AudioStream` of sound [n, channels]."""

    warnings: Sequence[RecordingWarning] = ()

    def __init__(self, sound: Samples) -> None:
        self.format = AudioFormat("pcm_s16le", SAMPLE_RATE, sound.shape[1], len(sound))
        self._sound = sound

    def blocks(self) -> Iterator[Samples]:
        return (self._sound[start : start + SAMPLE_RATE] for start in range(0, len(self._sound), SAMPLE_RATE))


@dataclass(frozen=True)
class Prepared:
    """What a preparation found in a recording of `length` samples."""

    clips: list[Clip]
    recording: Recording
    speech_s: float
    length: int
    activity: Mapping[int, Sequence[SpeechActivity]]

    @property
    def spans(self) -> list[tuple[int, int, int]]:
        """Channel, start and end of each segment."""
        return [(clip.segment.channel, clip.segment.start, clip.segment.end) for clip in self.clips]

    def covered(self, channel: int) -> npt.NDArray[np.bool_]:
        """True for the samples [length] in a segment of the channel."""
        mask = np.zeros(self.length, np.bool_)
        for number, start, end in self.spans:
            mask[start:end] |= number == channel
        return mask

    def share_found(self, spoken: npt.NDArray[np.bool_]) -> float:
        """The share of these samples that are in segments of channel 0."""
        return float(self.covered(0)[spoken].mean())

    def speech_of(self, channel: int) -> npt.NDArray[np.bool_]:
        """True for the steps of 10 ms with speech in a channel, short pauses included."""
        steps = np.concatenate([part.speech for part in self.activity[channel]])
        for start, end in close_gaps(runs(steps), _PAUSE):
            steps[start:end] = True
        return steps


def prepared(sound: Samples, **options: Any) -> Prepared:
    """Prepare sound [n, channels] with these options of a job."""
    activity: dict[int, list[SpeechActivity]] = defaultdict(list)
    preparation = Preparation(
        MemoryStream(sound),
        JobOptions(**options),
        VOICE_DETECTORS,
        1_000,
        lambda channel, part: activity[channel].append(part),
    )
    clips = [clip for batch in preparation.clips() for clip in batch]
    recording = preparation.describe(Recording("call.wav", 1, "00", "source"))
    return Prepared(clips, recording, preparation.speech / SAMPLE_RATE, len(sound), activity)
