"""Figures of diarization: pyannote.metrics' error rates, the share of right speech, segments of two speakers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from evaluation.speakers import SpeakerFigures, SpeakerTurn, activity, measure_speakers
from lab.speakers.conversations import Conversation
from shared.domain.recording import SAMPLE_RATE
from shared.domain.segment import Segment

_STEP = SAMPLE_RATE // 100
_SECOND_VOICE_S = 0.5
"""Seconds of a second speaker, alone, from which a segment is one of two speakers."""


@dataclass(frozen=True, slots=True)
class ConversationFigures(SpeakerFigures):
    """The figures of a conversation. `two` is the share of the segments that hold two speakers."""

    segments: int
    two: float
    certainty: float


def measure(
    conversation: Conversation, segments: Sequence[Segment], numbers: Sequence[int], certainty: float
) -> ConversationFigures:
    """Measure the speakers `numbers` [segments] of segments."""
    true = [SpeakerTurn(span.start / SAMPLE_RATE, span.end / SAMPLE_RATE, span.speaker) for span in conversation.spans]
    answered = [
        SpeakerTurn(segment.start / SAMPLE_RATE, segment.end / SAMPLE_RATE, str(number))
        for segment, number in zip(segments, numbers, strict=True)
    ]
    duration_s = len(conversation.samples) / SAMPLE_RATE
    active = activity(true, duration_s)
    alone = active.sum(axis=1) == 1
    two = 0
    for segment in segments:
        steps = slice(segment.start // _STEP, segment.end // _STEP)
        times = np.sort(active[steps][alone[steps]].sum(axis=0))
        two += len(times) > 1 and times[-2] >= _SECOND_VOICE_S * 100
    return ConversationFigures(
        **asdict(measure_speakers(true, answered, duration_s)),
        segments=len(segments),
        two=two / max(1, len(segments)),
        certainty=certainty,
    )
