"""Check a model by the golden clip beside its weights: the example that the published models come with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shared.domain.recording import SAMPLE_RATE
from worker.adapters.emotion2vec.releases import GoldenScore
from worker.pipeline.channel_mix import ChannelMixer
from worker.pipeline.ports import AudioDecoder, EmotionModel

_CLIP = "example/test.wav"
_LONGEST_S = 30
"""The model takes no longer clip."""
_TOLERANCE = 0.001
"""The confidence is published with four digits; the shorter number formats move the last of them."""


@dataclass(frozen=True, slots=True)
class ClipScore:
    """The model's score of a clip: frames of 20 ms, main emotion and its confidence."""

    frames: int
    emotion: str
    confidence: float

    def is_like(self, golden: GoldenScore) -> bool:
        """Whether it is the golden score: the same frames and emotion, a confidence to within 0.001."""
        same = (self.frames, self.emotion) == (golden.frames, golden.emotion)
        return same and abs(self.confidence - golden.confidence) <= _TOLERANCE


def golden_clip(directory: Path) -> Path | None:
    """The golden clip of a model directory: `example/test.wav`, else the first `example/*.wav`; None without one."""
    clips = sorted((directory / "example").glob("*.wav"))
    return directory / _CLIP if directory / _CLIP in clips else next(iter(clips), None)


def score_clip(clip: Path, model: EmotionModel, decoder: AudioDecoder) -> ClipScore:
    """Score a clip as one segment, its first 30 seconds at most.

    Raises:
        PipelineError: it cannot be decoded, or the model failed on it.
        ModelUnavailable: the model cannot run at all.
    """
    with clip.open("rb") as opened, decoder.open(opened) as stream:
        mixer = ChannelMixer()
        samples = np.concatenate([mixer.mix(block) for block in stream.blocks()])[: _LONGEST_S * SAMPLE_RATE]
    [[prediction]] = model.predict([[samples]])
    emotion, confidence = max(prediction.scores.items(), key=lambda score: score[1])
    return ClipScore(len(prediction.logits), emotion, confidence)
