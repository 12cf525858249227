"""The worst minute of a recording: the minute in which the largest share of the speech is negative."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from shared.domain.facts import WorstMinute
from shared.domain.recording import SAMPLE_RATE
from shared.domain.segment import RELIABLE_SPEECH, UNRELIABLE_FLAGS, SegmentResult

NEGATIVE_EMOTIONS = frozenset({"angry", "disgusted", "fearful", "sad"})

_MINUTE = 60 * SAMPLE_RATE

Samples = NDArray[np.int64]


def find_worst_minute(analysed: Iterable[SegmentResult], duration: int) -> WorstMinute | None:
    """Return the worst minute of a recording of `duration` samples, None where nothing negative was heard.

    Segments with an unreliable flag do not count, and a minute needs two seconds of the others. Of minutes with the
    same share, the one with more negative speech is worse, then the earlier one.
    """
    reliable = [result for result in analysed if not UNRELIABLE_FLAGS.intersection(result.segment.flags)]
    negative = [result for result in reliable if result.outcome.emotion in NEGATIVE_EMOTIONS]
    if not negative:
        return None
    bounds = np.array([(result.segment.start, result.segment.end) for result in reliable], np.int64)
    # Between two of these the share rises or falls all the way, so that the highest is at one of them.
    starts = np.unique(np.concatenate([bounds.ravel(), bounds.ravel() - _MINUTE]).clip(0, max(0, duration - _MINUTE)))
    spoken = speech_within(bounds, starts, starts + _MINUTE)
    negative_bounds = np.array([(result.segment.start, result.segment.end) for result in negative], np.int64)
    bad = speech_within(negative_bounds, starts, starts + _MINUTE)
    shares = np.where(spoken >= RELIABLE_SPEECH, bad / np.maximum(spoken, 1), 0.0)
    worst = np.lexsort((starts, -bad, -shares))[0]
    return WorstMinute(int(starts[worst]), float(shares[worst])) if shares[worst] > 0 else None


def speech_within(bounds: Samples, starts: Samples, ends: Samples) -> Samples:
    """Return the samples of all segments within each [start, end); `bounds` [segments, 2] may overlap."""
    return speech_before(bounds, ends) - speech_before(bounds, starts)


def speech_before(bounds: Samples, times: Samples) -> Samples:
    """Return the samples of all segments before each time."""
    samples = np.zeros_like(times)
    for edges, sign in ((np.sort(bounds[:, 0]), 1), (np.sort(bounds[:, 1]), -1)):
        passed = np.searchsorted(edges, times, side="right")
        samples += sign * (passed * times - np.concatenate([[0], np.cumsum(edges)])[passed])
    return samples
