"""Change points: the times at which the scores of a channel become others, and stay so."""

from __future__ import annotations

import numpy as np

from shared.domain.segment import RELIABLE_SPEECH
from shared.findings.channel_segments import ChannelSegments, Reals

LEAST_STRENGTH = 0.2
"""The least strength of a change: a fifth of the score is with other emotions than before."""
MOST_CHANGES = 20
"""Changes of a channel, the strongest: a reader has no use for more."""

_MOST_STEPS = 500
"""Neighbouring segments are taken together into at most this many steps: the search is quadratic in their number."""
_PENALTY = 1.5
"""The price of a change, in parts of the noise and of the logarithm of the number of segments.

Measured with tests/support/oracle.py: of 60 strings of clips with five changes each, heard with an accuracy of 70 %,
33 changes were told that are none with 1.0, 17 with 1.25, 13 with 1.5, and 97 % of the true ones were found with each.
In 200 stretches of 1,200 clips without a change 3 were told with 1.0, and none with the others.
"""
_LEAST_NOISE = 0.3
"""The least noise to reckon with: a model that is sure of itself is wrong in a row now and then."""
_FEW_SEGMENTS = 10
"""Added to the number of segments, so that among a few a change needs more than two or three."""


def find_bounds(channel: ChannelSegments) -> list[int]:
    """Return the segments with which the stretches of a channel begin: 0, and the first after each change.

    The stretches leave the least squared distance between the scores of their segments and their mean scores, where
    each change costs a penalty (optimal partitioning, Jackson et al. 2005). A segment with under two seconds of speech
    counts less. Bounds of a long recording are found in steps of several segments, and then moved to the segment.
    """
    weights = np.minimum(1.0, channel.speech / RELIABLE_SPEECH)
    if len(weights) < 2 or not weights.any():
        return [0]
    size = -(-len(weights) // _MOST_STEPS)
    firsts = np.arange(0, len(weights), size)
    step_weights = np.add.reduceat(weights, firsts)
    sums = np.add.reduceat(channel.scores * weights[:, None], firsts)
    price = _PENALTY * max(noise(channel.scores), _LEAST_NOISE) * np.log(len(weights) + _FEW_SEGMENTS)
    bounds = [int(firsts[step]) for step in cheapest_partition(sums, step_weights, price)]
    bounds = settle(channel.scores, weights, bounds)
    while len(bounds) > 1:
        strengths = change_strengths(channel.scores, weights, bounds)
        weakest = int(strengths.argmin())
        if strengths[weakest] >= LEAST_STRENGTH and len(strengths) <= MOST_CHANGES:
            break
        del bounds[weakest + 1]
        bounds = settle(channel.scores, weights, bounds)
    return bounds


def noise(scores: Reals) -> float:
    """Estimate the variance of scores [n, labels] within a stretch from neighbours, between which few changes lie."""
    return float(np.mean(np.square(np.diff(scores, axis=0)).sum(axis=1)) / 2)


def cheapest_partition(sums: Reals, weights: Reals, price: float) -> list[int]:
    """Return the first step of each stretch of the cheapest partition, by dynamic programming.

    `sums` [n, labels] are the weighted sums of the scores of each step, `weights` [n] their weights. The cost of a
    stretch is, but for a constant, the squared distance of its scores from their mean.
    """
    count = len(weights)
    sums_until = np.vstack([np.zeros(sums.shape[1]), sums.cumsum(axis=0)])
    weights_until = np.concatenate([[0.0], weights.cumsum()])
    least, begins = np.zeros(count + 1), np.zeros(count + 1, np.int64)
    for last in range(1, count + 1):
        inside = np.square(sums_until[last] - sums_until[:last]).sum(axis=1)
        total = np.maximum(weights_until[last] - weights_until[:last], 1e-9)
        costs = least[:last] + price - inside / total
        begins[last] = costs.argmin()
        least[last] = costs[begins[last]]
    bounds: list[int] = []
    while count:
        count = int(begins[count])
        bounds.append(count)
    return bounds[::-1]


def stretch_means(scores: Reals, weights: Reals, bounds: list[int]) -> Reals:
    """Return the mean scores [stretches, labels] of the stretches that begin at `bounds`."""
    sums: Reals = np.add.reduceat(scores * weights[:, None], bounds)
    means: Reals = sums / np.maximum(np.add.reduceat(weights, bounds), 1e-9)[:, None]
    return means


def settle(scores: Reals, weights: Reals, bounds: list[int]) -> list[int]:
    """Move each bound to where the segments on both sides are likeliest under the mean scores of their stretches.

    Each label has a score of 1 more in both stretches (Laplace's rule), so that none is impossible.
    """
    bounds = list(bounds)
    for place in range(1, len(bounds)):
        first, last = bounds[place - 1], bounds[place + 1] if place + 1 < len(bounds) else len(scores)
        weighted = scores[first:last] * weights[first:last, None]
        sums = np.add.reduceat(weighted, [0, bounds[place] - first]) + 1
        before, after = np.log(sums / sums.sum(axis=1, keepdims=True))
        costs = (weighted @ (after - before)).cumsum()[:-1]
        bounds[place] = first + 1 + int(costs.argmin())
    return bounds


def change_strengths(scores: Reals, weights: Reals, bounds: list[int]) -> Reals:
    """Return the strength of the change at each bound but the first [bounds - 1], 0 to 1.

    It is the part of the score that is with other emotions than before: half the sum of the differences of the means.
    """
    means = stretch_means(scores, weights, bounds)
    strengths: Reals = np.abs(np.diff(means, axis=0)).sum(axis=1) / 2
    return strengths
