"""The worst minute of a recording: the minute in which the largest share of the speech is negative."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from shared.domain.facts import WorstMinute
from shared.domain.recording import SAMPLE_RATE
from shared.domain.segment import RELIABLE_SPEECH, SegmentResult

NEGATIVE_EMOTIONS = frozenset({"angry", "disgusted", "fearful", "sad"})

_MINUTE = 60 * SAMPLE_RATE

_EQUAL_SHARES = 9
"""Decimal places to which shares are the same."""

Samples = NDArray[np.int64]
Amounts = NDArray[np.float64]


def find_worst_minute(analysed: Iterable[SegmentResult], duration: int) -> WorstMinute | None:
    """Return the worst minute of a recording of `duration` samples, None where nothing negative was heard.

    Segments with an unreliable flag do not count, and a minute needs two seconds of speech in the others. The speech of
    a segment counts as spread evenly over it. Of minutes with the same share, the one with more negative speech is
    worse, then the earlier one.
    """
    reliable = [result for result in analysed if result.trusted]
    if not any(result.outcome.emotion in NEGATIVE_EMOTIONS for result in reliable):
        return None
    segments = [result.segment for result in reliable]
    bounds = np.array([[segment.start for segment in segments], [segment.end for segment in segments]], np.int64).T
    density = np.array([segment.speech for segment in segments]) / np.maximum(1, np.diff(bounds)[:, 0])
    negative = np.array([result.outcome.emotion in NEGATIVE_EMOTIONS for result in reliable])
    # Between two of these the share rises or falls all the way, so that the highest is at one of them, or where the
    # minute has just enough speech.
    starts = np.unique(np.concatenate([bounds.ravel(), bounds.ravel() - _MINUTE]).clip(0, max(0, duration - _MINUTE)))
    spoken = speech_within(bounds, density, starts, starts + _MINUTE)
    before = np.flatnonzero(np.diff(spoken >= RELIABLE_SPEECH))
    way = (RELIABLE_SPEECH - spoken[before]) / (spoken[before + 1] - spoken[before])
    enough = starts[before] + way * np.diff(starts)[before]
    starts = np.unique(np.concatenate([starts, np.floor(enough), np.ceil(enough)]).astype(np.int64))
    spoken = speech_within(bounds, density, starts, starts + _MINUTE)
    bad = speech_within(bounds, density * negative, starts, starts + _MINUTE)
    shares = np.where(spoken >= RELIABLE_SPEECH, bad / np.maximum(spoken, 1), 0.0).round(_EQUAL_SHARES)
    worst = np.lexsort((starts, -bad, -shares))[0]
    return WorstMinute(int(starts[worst]), float(shares[worst])) if shares[worst] > 0 else None


def speech_within(bounds: Samples, density: Amounts, starts: Samples, ends: Samples) -> Amounts:
    """Return the samples of speech within each [start, end), in whole numbers.

    `bounds` [segments, 2] may overlap, `density` [segments] is the share of speech in each segment.
    """
    return (speech_before(bounds, density, ends) - speech_before(bounds, density, starts)).round()


def speech_before(bounds: Samples, density: Amounts, times: Samples) -> Amounts:
    """Return the samples of speech in all segments before each time."""
    samples = np.zeros(len(times))
    for edges, sign in ((bounds[:, 0], 1), (bounds[:, 1], -1)):
        order = np.argsort(edges, kind="stable")
        passed = np.searchsorted(edges[order], times, side="right")
        weights, weighted = (np.cumsum(np.pad(each[order], (1, 0))) for each in (density, density * edges))
        samples += sign * (weights[passed] * times - weighted[passed])
    return samples
