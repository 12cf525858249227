"""Runs of the preparation over conversations in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from lab.speakers.conversations import Conversation
from lab.speakers.figures import ConversationFigures, measure
from shared.domain.options import JobOptions, SpeakerOption
from shared.domain.recording import AudioFormat, Recording, RecordingWarning
from worker.pipeline.ports import Samples, SpeakerEncoder
from worker.pipeline.prepare import Preparation
from worker.pipeline_builder import VOICE_DETECTORS

_BLOCK = 32_000
_MOST_SEGMENTS = 50_000


class ConversationStream:
    """`worker.pipeline.ports.AudioStream` of a conversation."""

    warnings: Sequence[RecordingWarning] = ()

    def __init__(self, samples: Samples) -> None:
        self._samples = samples
        self.format = AudioFormat("pcm_s16le", 16_000, 1, len(samples))

    def blocks(self) -> Iterator[Samples]:
        """Yield the sound in blocks [n, 1]."""
        return (self._samples[start : start + _BLOCK, None] for start in range(0, len(self._samples), _BLOCK))


def run_conversation(
    conversation: Conversation, encoder: SpeakerEncoder, option: SpeakerOption = "auto"
) -> ConversationFigures:
    """Prepare a conversation as a job of these speakers would be, and measure them."""
    options = JobOptions(channels="mix", speakers=option)
    stream = ConversationStream(conversation.samples)
    preparation = Preparation(stream, options, VOICE_DETECTORS, _MOST_SEGMENTS, encoder=encoder)
    segments = [clip.segment for clips in preparation.clips() for clip in clips]
    numbers = preparation.speaker_numbers or (0,) * len(segments)
    speakers = preparation.describe(Recording("", 0, "", "")).speakers
    certainty = float(np.mean([each.certainty for each in speakers])) if speakers else 1.0
    return measure(conversation, segments, numbers, certainty)
