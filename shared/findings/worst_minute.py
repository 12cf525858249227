"""The worst minute of a channel: the one with the lowest valence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shared.domain.recording import SAMPLE_RATE
from shared.findings.affect import derive_affect
from shared.findings.channel_segments import ChannelSegments, pair_ranges
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
    start, end, speech = channel.start[reliable], channel.end[reliable], channel.speech[reliable]
    if speech.sum() <= _MINUTE:
        return None
    first = np.arange(len(start))
    minutes, members = pair_ranges(first, np.searchsorted(start, start + _MINUTE) - first)
    shared = np.minimum(end[members], start[minutes] + _MINUTE) - start[members]
    weights = shared * speech[members] / (end - start)[members]
    total = np.bincount(minutes, weights)
    scores = np.stack(
        [np.bincount(minutes, weights * column[members]) for column in channel.scores[reliable].T], axis=1
    )
    affect, errors = derive_affect(scores / total[:, None], channel.labels, total**2 / np.bincount(minutes, weights**2))
    valence = np.where((total >= LITTLE_SPEECH) & (affect[:, 0] < 0), affect[:, 0], np.inf)
    worst = int(valence.argmin())
    if valence[worst] == np.inf:
        return None
    begin = int(start[worst])
    error, samples = float(errors[worst, 0]), round(float(total[worst]))
    return WorstMinute(channel.channel, begin, begin + _MINUTE, float(valence[worst]), error, samples)
