"""The worst minute of a channel: the one with the lowest valence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shared.domain.recording import SAMPLE_RATE
from shared.findings.affect import derive_affect
from shared.findings.channel_segments import ChannelSegments
from shared.findings.quantity import LITTLE_SPEECH

_MINUTE = 60 * SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class WorstMinute:
    """A minute [start, end) of a channel, in samples; the valence is the mean over `speech` samples in it."""

    channel: int
    start: int
    end: int
    valence: float
    valence_error: float
    speech: int


def find_worst_minute(channel: ChannelSegments) -> WorstMinute | None:
    """Find the minute with the lowest valence, of those that begin with a segment.

    It rests on reliable segments alone, counts with ten seconds of their speech, and is told where its valence is
    negative and the channel has more than a minute of such speech: otherwise there is nothing to be the worst of.
    """
    reliable = np.flatnonzero(channel.reliable)
    if channel.speech[reliable].sum() <= _MINUTE:
        return None
    start, end, speech = channel.start[reliable], channel.end[reliable], channel.speech[reliable]
    worst: WorstMinute | None = None
    for first, begin in enumerate(start.tolist()):
        inside = slice(first, int(np.searchsorted(start, begin + _MINUTE)))
        shared = np.minimum(end[inside], begin + _MINUTE) - start[inside]
        weights = shared * speech[inside] / (end[inside] - start[inside])
        total = float(weights.sum())
        if total < LITTLE_SPEECH:
            continue
        scores = weights @ channel.scores[reliable[inside]] / total
        samples = np.array([total**2 / np.square(weights).sum()])
        affect, errors = derive_affect(scores[None], channel.labels, samples)
        valence = float(affect[0, 0])
        if valence < (worst.valence if worst else 0):
            worst = WorstMinute(channel.channel, begin, begin + _MINUTE, valence, float(errors[0, 0]), round(total))
    return worst
