"""Figures of diarization: pyannote.metrics' error rates, the share of right speech, segments of two speakers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evaluation.speakers import SpeakerTurn, measure_speakers
from lab.speakers.conversations import Conversation
from shared.domain.recording import SAMPLE_RATE
from shared.domain.segment import Segment

_STEP = SAMPLE_RATE // 100
_SECOND_VOICE_S = 0.5
"""Seconds of a second speaker, alone, from which a segment is one of two speakers."""


@dataclass(frozen=True, slots=True)
class ConversationFigures:
    """The figures of a conversation.

    `right` is the share of the true speech of one speaker at a time that has the right speaker, without which speech
    that was not found counts as wrong. `found_right` is the same, of the speech in segments. `two` is the share of the
    segments that hold two speakers.
    """

    der: float
    der_strict: float
    jer: float
    right: float
    found_right: float
    true_speakers: int
    speakers: int
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
    figures = measure_speakers(true, answered, len(conversation.samples) / SAMPLE_RATE)
    active, _ = activity(conversation)
    alone = active.sum(axis=1) == 1
    two = 0
    for segment in segments:
        steps = slice(segment.start // _STEP, segment.end // _STEP)
        times = np.sort(active[steps][alone[steps]].sum(axis=0))
        two += len(times) > 1 and times[-2] >= _SECOND_VOICE_S * 100
    return ConversationFigures(
        der=figures.der_collar,
        der_strict=figures.der,
        jer=figures.jer,
        right=figures.right,
        found_right=figures.found_right,
        true_speakers=figures.true_speakers,
        speakers=figures.speakers,
        segments=len(segments),
        two=two / max(1, len(segments)),
        certainty=certainty,
    )


def activity(conversation: Conversation) -> tuple[np.ndarray, list[str]]:
    """Return for each 10 ms who speaks, [steps, speakers], and the names of the speakers."""
    names = sorted({span.speaker for span in conversation.spans})
    active = np.zeros((len(conversation.samples) // _STEP + 1, len(names)), np.bool_)
    for span in conversation.spans:
        active[span.start // _STEP : span.end // _STEP, names.index(span.speaker)] = True
    return active, names
