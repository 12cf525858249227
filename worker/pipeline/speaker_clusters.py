"""Group voiceprints by speaker: average linkage on their cosines, then a path that changes speaker seldom.

docs/explanation/speakers.md has the figures by which the constants were chosen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage

from shared.domain.speakers import MOST_SPEAKERS
from worker.pipeline.ports import Floats

Numbers = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Grouping:
    """The way in which voiceprints are grouped.

    Voiceprints of `core_s` seconds or more make the speakers, shorter ones join one. `threshold` is the mean cosine
    under which two groups are two speakers, or its share of the usual cosine. A speaker has `least_s` seconds of speech
    at least, less where there is little speech, and the `least_share` of it, or else a mean cosine under `far` to all
    who have. `change_cost` is the price, in cosine times seconds, of a change of speaker from one voiceprint to the
    next.
    """

    core_s: float
    threshold: float
    far: float
    least_s: float
    least_share: float
    change_cost: float
    least: int = 1
    most: int = MOST_SPEAKERS


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """The speakers of voiceprints: the number of the speaker of each [n], by first appearance, and the `centroids`
    [speakers, dim] of unit length."""

    labels: Numbers
    centroids: Floats


_MOST_LINKED = 1_500
"""Voiceprints that are linked; of a longer recording the longest of each few neighbours, as memory grows with the
square of their number."""
_LEAST_CORE = 3
"""Where fewer voiceprints are long enough, all make the speakers."""
_USUAL = 0.63
"""The cosine to the voiceprint most like it in conversations of CREMA-D, in the median."""
_LEAST_PARTS = 8
"""Of little speech an eighth is enough for a speaker."""
_BELIEF = 6.0
"""The factor by which cosines become probabilities, chosen by eye: how often a certainty is right was not measured."""


def group_voiceprints(prints: Floats, seconds: Floats, grouping: Grouping, usual: float = 1.0) -> Groups:
    """Group voiceprints [n, dim] of unit length, in order of time, of `seconds` [n] of speech each; n is 1 or more.

    `usual` is the cosine that the threshold is a share of, see `usual_cosine`.
    """
    core = core_places(seconds, grouping)
    labels = link(prints[core], seconds[core], replace(grouping, threshold=grouping.threshold * usual))
    centroids = mean_directions(prints[core], seconds[core], labels)
    return groups_along_path(prints, seconds, centroids, grouping.change_cost)


def usual_cosine(prints: Floats, seconds: Floats, grouping: Grouping) -> float:
    """Return the mean of `_USUAL` and the median cosine of the voiceprints [n, dim], each to the one most like it.

    It tells how alike one voice is in a recording: acted emotions and noise make it less, calm talk more. Without
    `_USUAL`, every second recording of one speaker was taken for one of several.
    """
    core = core_places(seconds, grouping)
    if len(core) < _LEAST_CORE:
        return _USUAL
    cosines = prints[core] @ prints[core].T
    np.fill_diagonal(cosines, -1)
    return (_USUAL + float(np.median(cosines.max(axis=1)))) / 2


def core_places(seconds: Floats, grouping: Grouping) -> Numbers:
    """Return the places of the voiceprints that make the speakers: the long ones, or all where these are few."""
    core = np.flatnonzero(seconds >= grouping.core_s)
    if len(core) < _LEAST_CORE:
        core = np.arange(len(seconds))
    return core[longest_of_neighbours(seconds[core], _MOST_LINKED)]


def mean_turns(prints: Floats, seconds: Floats, labels: Numbers) -> tuple[Floats, Floats]:
    """Return the mean voiceprint of each turn [turns, dim], a stretch without a change of `labels`, and its seconds.

    It tells more than those of its parts.
    """
    firsts = np.flatnonzero(np.diff(labels, prepend=-1))
    sums = np.add.reduceat(prints * seconds[:, None], firsts)
    turns: Floats = sums / np.linalg.norm(sums, axis=1, keepdims=True)
    return turns, np.add.reduceat(seconds, firsts)


def groups_along_path(prints: Floats, seconds: Floats, centroids: Floats, change_cost: float) -> Groups:
    """Return the groups of voiceprints [n, dim] near to `centroids`, with few changes; a centroid may get none."""
    labels = cheapest_path(prints, seconds, centroids, change_cost)
    chosen, first = np.unique(labels, return_index=True)
    return Groups(renumber(labels), centroids[chosen[np.argsort(first)]])


def renumber(labels: Numbers) -> Numbers:
    """Number labels [n] by their first appearance, from 0."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]


def longest_of_neighbours(seconds: Floats, most: int) -> Numbers:
    """Return the places of at most `most` voiceprints: of each few neighbours the one with most speech."""
    size = -(-len(seconds) // most)
    return np.array([start + int(np.argmax(seconds[start : start + size])) for start in range(0, len(seconds), size)])


def link(prints: Floats, seconds: Floats, grouping: Grouping) -> Numbers:
    """Link voiceprints [n, dim] into groups from the nearest on, until the threshold or the limits of their number.

    A group with too little speech to be a speaker joins the nearest one that has enough.
    """
    if len(prints) == 1:
        return np.zeros(1, np.intp)
    tree = linkage(prints, "average", "cosine")
    spoken = float(seconds.sum())
    enough = max(grouping.least_share * spoken, min(grouping.least_s, spoken / _LEAST_PARTS))
    distances = tree[:, 2]

    def speakers(height: float) -> tuple[Numbers, Numbers]:
        labels = fcluster(tree, height, "distance") - 1
        return labels, np.flatnonzero(np.bincount(labels, seconds) >= enough)

    labels, large = speakers(1 - grouping.threshold)
    if not grouping.least <= len(large) <= grouping.most:
        # The nearest height at which the number of speakers is allowed.
        heights = sorted({0.0, *distances.tolist()}, key=lambda height: abs(height - (1 - grouping.threshold)))
        fitting = (speakers(height) for height in heights)
        labels, large = next(
            (each for each in fitting if grouping.least <= len(each[1]) <= grouping.most), (labels, large)
        )
    if not large.size:
        large = np.array([np.bincount(labels, seconds).argmax()])
    if len(large) < grouping.most:
        large = with_far_groups(prints, seconds, labels, large, grouping.far)[: grouping.most]
    centroids = mean_directions(prints, seconds, labels)
    nearest = large[np.argmax(centroids @ centroids[large].T, axis=1)]
    nearest[large] = large
    return renumber(nearest[labels])


def with_far_groups(prints: Floats, seconds: Floats, labels: Numbers, large: Numbers, far: float) -> Numbers:
    """Add to the `large` groups the small ones, most speech first, whose mean cosine to each of them is under `far`."""
    spoken = np.bincount(labels, seconds)
    sums = np.zeros((len(spoken), prints.shape[1]), np.float32)
    np.add.at(sums, labels, prints * seconds[:, None])
    cosines = (sums / spoken[:, None]) @ (sums / spoken[:, None]).T
    for group in np.argsort(-spoken):
        if group not in large and cosines[group, large].max() < far:
            large = np.append(large, group)
    return large


def mean_directions(prints: Floats, seconds: Floats, labels: Numbers) -> Floats:
    """Return the mean voiceprint of each label, weighted by speech and of unit length, [labels, dim]."""
    sums = np.zeros((int(labels.max()) + 1, prints.shape[1]), np.float32)
    np.add.at(sums, labels, prints * seconds[:, None])
    units: Floats = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), np.float32(1e-9))
    return units


def cheapest_path(prints: Floats, seconds: Floats, centroids: Floats, change_cost: float) -> Numbers:
    """Return the speaker of each voiceprint [n]: near to the speaker's centroid, with few changes (Viterbi)."""
    gains = (prints @ centroids.T) * seconds[:, None]
    total = gains[0].copy()
    before = np.zeros(gains.shape, np.intp)
    for place in range(1, len(gains)):
        best = int(total.argmax())
        changes = total[best] - change_cost > total
        before[place] = np.where(changes, best, np.arange(len(total)))
        total = np.where(changes, total[best] - change_cost, total) + gains[place]
    path = np.empty(len(gains), np.intp)
    path[-1] = int(total.argmax())
    for place in range(len(gains) - 1, 0, -1):
        path[place - 1] = before[place, path[place]]
    return path


def certainties(prints: Floats, groups: Groups) -> Floats:
    """Return the probability that each voiceprint [n] is of its speaker rather than of another of the recording."""
    cosines = _BELIEF * (prints @ groups.centroids.T)
    weights = np.exp(cosines - cosines.max(axis=1, keepdims=True))
    chosen: Floats = np.take_along_axis(weights, groups.labels[:, None], 1)[:, 0] / weights.sum(axis=1)
    return chosen
