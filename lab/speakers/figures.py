"""Figures of diarization: pyannote.metrics' error rates, the share of right speech, segments of two speakers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pyannote.core import Annotation, Timeline
from pyannote.core import Segment as Span
from pyannote.metrics.diarization import DiarizationErrorRate, JaccardErrorRate
from scipy.optimize import linear_sum_assignment

from lab.speakers.conversations import Conversation
from shared.domain.recording import SAMPLE_RATE
from shared.domain.segment import Segment

_STEP = SAMPLE_RATE // 100
_COLLAR_S = 0.5
"""pyannote's collar is of both sides together: a quarter of a second before and after each boundary, as NIST has it."""
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
    truth, answer = Annotation(), Annotation()
    for place, span in enumerate(conversation.spans):
        truth[Span(span.start / SAMPLE_RATE, span.end / SAMPLE_RATE), place] = span.speaker
    for segment, number in zip(segments, numbers, strict=True):
        answer[Span(segment.start / SAMPLE_RATE, segment.end / SAMPLE_RATE), segment.index] = str(number)
    whole = Timeline([Span(0, len(conversation.samples) / SAMPLE_RATE)])

    def rate(metric: Any) -> float:
        return float(metric(truth, answer, uem=whole))

    active, names = activity(conversation)
    alone = active.sum(axis=1) == 1
    answered = np.full(len(active), -1)
    two = 0
    for segment, number in zip(segments, numbers, strict=True):
        steps = slice(segment.start // _STEP, segment.end // _STEP)
        answered[steps] = number
        times = np.sort(active[steps][alone[steps]].sum(axis=0))
        two += len(times) > 1 and times[-2] >= _SECOND_VOICE_S * 100
    table = np.zeros((len(names), max(numbers, default=0) + 1))
    for speaker in range(len(names)):
        chosen = answered[alone & active[:, speaker]]
        table[speaker] = np.bincount(chosen[chosen >= 0], minlength=table.shape[1])
    matched = table[linear_sum_assignment(-table)].sum()
    return ConversationFigures(
        der=rate(DiarizationErrorRate(collar=_COLLAR_S, skip_overlap=True)),
        der_strict=rate(DiarizationErrorRate()),
        jer=rate(JaccardErrorRate()),  # type: ignore[no-untyped-call]
        right=float(matched / max(1, alone.sum())),
        found_right=float(matched / max(1.0, table.sum())),
        true_speakers=len(names),
        speakers=len(set(numbers)),
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
