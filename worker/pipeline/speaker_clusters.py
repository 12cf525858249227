"""Group voiceprints by speaker: the grouping for which a model of voices has most evidence.

A voiceprint is taken for the voice of a speaker, drawn from a Gaussian of all voices, plus noise that is less the more
speech it is of. So two groups are one speaker's or not by what is known of both: long ones are told apart by less than
short ones. docs/explanation/speakers.md has the figures by which the constants were chosen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.domain.speakers import MOST_SPEAKERS
from worker.pipeline.ports import Floats

Numbers = NDArray[np.intp]
_Doubles = NDArray[np.float64]

_MOST_LINKED = 1_500
"""Voiceprints that are linked; of a longer recording the longest of each few neighbours, as memory grows with the
square of their number."""


@dataclass(frozen=True, slots=True)
class VoiceModel:
    """The model of voices and of the voiceprints of one voice.

    `between` is the variance of voices, `within` that of the voiceprints of one voice however long they are, as by
    emotion, `noise` what a voiceprint of one second has besides; all of a vector of length 1. As many as `dimensions`
    of it count as independent. `centre` is the share of the recording's mean voiceprint that all its voices have in
    common: language, room, microphone. `change_cost` is the evidence, in nats, for which a neighbour is another
    speaker. Two groups whose mean voiceprints have a greater cosine than `alike` are one speaker's, whatever the
    evidence.
    """

    between: float
    within: float
    noise: float
    dimensions: float
    centre: float
    change_cost: float
    alike: float = 1.0

    def centred(self, prints: Floats, seconds: Floats) -> tuple[_Doubles, _Doubles]:
        """Return the voiceprints [n, dim] without what all have in common, and their precisions [n]."""
        common = self.centre * np.average(prints, axis=0, weights=seconds)
        return prints - common, 1 / (self.within + self.noise / np.asarray(seconds, np.float64))

    def evidence(self, precision: _Doubles, square: _Doubles) -> _Doubles:
        """Return the logarithm of how likely groups are to be one speaker's, but for what all groupings share.

        `precision` is the sum of a group's precisions, `square` the squared length of its sum of voiceprints, each
        times its precision.
        """
        spread = 1 + self.between * precision
        likely: _Doubles = self.dimensions / 2 * (self.between * square / spread - np.log(spread))
        return likely


def group_voiceprints(
    prints: Floats, seconds: Floats, model: VoiceModel, least: int = 1, most: int = MOST_SPEAKERS
) -> Numbers:
    """Return the number of the speaker of each voiceprint [n, dim], by first appearance; n is 1 or more.

    The voiceprints have unit length and are in order of time, of `seconds` [n] of speech each.
    """
    core = longest_of_neighbours(seconds, _MOST_LINKED)
    linked = link(prints[core], seconds[core], model, least, most)
    if len(core) == len(seconds):
        return linked
    labels = np.argmax(prints @ mean_directions(prints[core], seconds[core], linked).T, axis=1)
    labels[core] = linked
    return renumber(labels)


def longest_of_neighbours(seconds: Floats, most: int) -> Numbers:
    """Return the places of at most `most` voiceprints: of each few neighbours the one with most speech."""
    size = -(-len(seconds) // most)
    return np.array([start + int(np.argmax(seconds[start : start + size])) for start in range(0, len(seconds), size)])


def link(prints: Floats, seconds: Floats, model: VoiceModel, least: int, most: int) -> Numbers:
    """Join the two groups by which the evidence gains most, until one is left, and return the best grouping met.

    It has an allowed number of groups; if two of them are too alike, one of fewer groups is taken.
    """
    own, precision = model.centred(prints, seconds)
    scaled = own * precision[:, None]
    products = scaled @ scaled.T
    squares = np.diag(products).copy()
    evidence = model.evidence(precision, squares)
    neighbours = np.eye(len(own), k=1) + np.eye(len(own), k=-1)
    gains = np.full(products.shape, -np.inf)
    labels = np.arange(len(own))

    def update(group: int, others: Numbers) -> None:
        """Compute the gains of joining a group with each of the others."""
        joined = model.evidence(
            precision[group] + precision[others], squares[group] + squares[others] + 2 * products[group, others]
        )
        gain = joined - evidence[group] - evidence[others] + model.change_cost * neighbours[group, others]
        gains[np.maximum(group, others), np.minimum(group, others)] = gain

    alive = np.arange(len(own))
    for group in range(1, len(own)):
        update(group, alive[:group])
    total, totals, groupings = 0.0, {}, {}
    for groups in range(len(own), 0, -1):
        if groups <= most:
            totals[groups], groupings[groups] = total, labels.copy()
        if groups == 1:
            break
        gone, kept = divmod(int(gains.argmax()), len(own))
        total += gains[gone, kept]
        for of_pairs in (products, neighbours):
            of_pairs[kept] += of_pairs[gone]
            of_pairs[:, kept] += of_pairs[:, gone]
        precision[kept] += precision[gone]
        squares[kept] = products[kept, kept]
        evidence[kept] = model.evidence(precision[kept], squares[kept])
        labels[labels == gone] = kept
        gains[gone], gains[:, gone] = -np.inf, -np.inf
        alive = alive[alive != gone]
        update(kept, alive[alive != kept])
    chosen = max((groups for groups in totals if groups >= least), key=totals.__getitem__, default=max(totals))
    while chosen > least and greatest_cosine(prints, seconds, renumber(groupings[chosen])) > model.alike:
        chosen -= 1
    return renumber(groupings[chosen])


def greatest_cosine(prints: Floats, seconds: Floats, labels: Numbers) -> float:
    """Return the greatest cosine of the mean voiceprints of two labels, -1 if there is but one."""
    means = mean_directions(prints, seconds, labels)
    cosines = np.triu(means @ means.T + 1, k=1) - 1
    return float(cosines.max())


def renumber(labels: Numbers) -> Numbers:
    """Number labels [n] by their first appearance, from 0."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]


def mean_directions(prints: Floats, seconds: Floats, labels: Numbers) -> Floats:
    """Return the mean voiceprint of each label, weighted by speech and of unit length, [labels, dim]."""
    sums = np.zeros((int(labels.max()) + 1, prints.shape[1]), np.float32)
    np.add.at(sums, labels, prints * seconds[:, None])
    units: Floats = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), np.float32(1e-9))
    return units


def certainties(prints: Floats, seconds: Floats, labels: Numbers, model: VoiceModel) -> Floats:
    """Return the probability that each voiceprint [n] is of its speaker rather than of another of the recording."""
    own, precision = model.centred(prints, seconds)
    of_speaker = np.eye(int(labels.max()) + 1)[labels] * precision[:, None]
    spread = 1 + model.between * of_speaker.sum(axis=0)
    voices = model.between * (of_speaker.T @ own) / spread[:, None]
    variance = 1 / precision[:, None] + model.between / spread
    squares = (own**2).sum(axis=1)[:, None] - 2 * own @ voices.T + (voices**2).sum(axis=1)
    likely = -model.dimensions / 2 * (np.log(variance) + squares / variance)
    weights = np.exp(likely - likely.max(axis=1, keepdims=True))
    chosen: Floats = np.take_along_axis(weights, labels[:, None], 1)[:, 0] / weights.sum(axis=1)
    return chosen
