"""Change points and phases: a known truth, heard by an oracle that errs as models do."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.recording import SAMPLE_RATE
from shared.domain.segment import SegmentResult
from shared.findings.changes import LEAST_STRENGTH, MOST_CHANGES, find_bounds
from shared.findings.channel_segments import ChannelSegments, split_channels
from shared.findings.phases import Change, Phase, find_changes, find_phases
from shared.findings.quantity import Quantity
from tests.support.oracle import LABELS, confusions, hear
from tests.support.segment_results import scored, scored_as

EMOTIONS = ("neutral", "angry", "sad")


def segments(*emotions: str) -> list[SegmentResult]:
    """Segments of 10 s without a pause between them."""
    return [scored(index, 10 * index, 10 * index + 10, name, 0.9) for index, name in enumerate(emotions)]


def phases_of(results: list[SegmentResult]) -> tuple[list[Phase], list[Change]]:
    (channel,) = split_channels(results)
    phases = find_phases(channel)
    return phases, find_changes(channel, phases)


def told(results: list[SegmentResult]) -> list[tuple[Any, ...]]:
    phases, _ = phases_of(results)
    return [(phase.start // SAMPLE_RATE, phase.end // SAMPLE_RATE, phase.emotion, phase.share) for phase in phases]


def test_a_recording_of_one_emotion_is_one_phase_without_a_change() -> None:
    phases, changes = phases_of(segments(*["neutral"] * 40))
    assert [(phase.emotion, phase.quantity, phase.speech) for phase in phases] == [
        ("neutral", Quantity.THROUGHOUT, 400 * SAMPLE_RATE)
    ]
    assert changes == []


def test_a_change_is_where_another_emotion_begins() -> None:
    results = segments(*["neutral"] * 40, *["angry"] * 20)
    assert told(results) == [(0, 400, "neutral", 1.0), (400, 600, "angry", 1.0)]
    (change,) = phases_of(results)[1]
    assert (change.time, change.rising, change.share_of("angry")) == (400 * SAMPLE_RATE, "angry", (0.0, 1.0))
    assert change.strength == pytest.approx(0.9)  # the test's segments have no score but this


def test_a_change_of_shares_is_seen_where_the_leading_emotion_stays() -> None:
    before, after = ["neutral"] * 9 + ["sad"], ["neutral", "neutral", "neutral", "angry", "angry"]
    _, changes = phases_of(segments(*before * 20, *after * 40))
    (change,) = changes
    assert (change.before.emotion, change.after.emotion, change.rising) == ("neutral", "neutral", "angry")
    assert change.share_of("angry") == pytest.approx((0.0, 0.4), abs=0.02)


def test_a_short_emotion_is_no_phase_but_counts_in_the_share() -> None:
    assert told(segments(*["neutral"] * 60, "angry", *["neutral"] * 39)) == [(0, 1000, "neutral", pytest.approx(0.99))]


def test_short_noise_makes_no_change() -> None:
    noise = [scored(40 + index, 400 + index, 400.3 + index, "angry", 0.95) for index in range(12)]
    speech = segments(*["neutral"] * 80)
    assert len(phases_of([*speech[:40], *noise, *speech[42:]])[0]) == 1


def test_a_day_has_a_few_phases_with_bounds_at_the_very_segment() -> None:
    phases = told(segments(*["neutral"] * 4003, *["sad", "angry"] * 1001, *["neutral"] * 2600))
    assert [(start, end) for start, end, _, _ in phases] == [(0, 40_030), (40_030, 60_050), (60_050, 86_050)]


def test_a_channel_has_at_most_twenty_changes() -> None:
    results = segments(*(emotion for _ in range(25) for emotion in ("neutral", "angry") for _ in range(12)))
    assert len(phases_of(results)[1]) == MOST_CHANGES


@given(st.lists(st.sampled_from(EMOTIONS), min_size=1, max_size=60))
def test_phases_have_every_segment_once_and_the_figures_of_their_own(emotions: list[str]) -> None:
    phases, changes = phases_of(segments(*emotions))
    assert (phases[0].start, phases[-1].end) == (0, 10 * SAMPLE_RATE * len(emotions))
    assert [(change.before, change.after) for change in changes] == list(pairwise(phases))
    assert all(change.strength >= LEAST_STRENGTH for change in changes)
    for before, after in pairwise(phases):
        assert before.end == after.start
    for phase in phases:
        inside = emotions[phase.start // (10 * SAMPLE_RATE) : phase.end // (10 * SAMPLE_RATE)]
        assert phase.share_by_emotion == {name: pytest.approx(inside.count(name) / len(inside)) for name in {*inside}}
        assert phase.speech == 10 * SAMPLE_RATE * len(inside)


def clips(emotions: list[str], accuracy: float, rng: np.random.Generator) -> ChannelSegments:
    """Clips of these emotions one after the other, each a segment, heard by the oracle."""
    lengths = rng.uniform(1.5, 4, len(emotions))
    starts = np.concatenate([[0], (lengths + 0.3).cumsum()[:-1]])
    times = zip(starts, starts + lengths, hear(emotions, accuracy, rng), strict=True)
    (channel,) = split_channels(scored_as(index, *time) for index, time in enumerate(times))
    return channel


def likeliest(channel: ChannelSegments, names: list[str], lengths: list[int], accuracy: float) -> list[int]:
    """The places of changes by exact likelihood for somebody who knows everything but the place.

    Each change is looked for between the changes beside it, with the true emotions and the true confusions.
    """
    with np.errstate(divide="ignore"):
        logs = np.maximum(np.log(confusions(accuracy)), -1e3)
    heard = np.array([LABELS.index(channel.labels[place]) for place in channel.scores.argmax(axis=1)])
    edges = [0, *np.cumsum(lengths)]
    places = []
    for (before, after), first, last in zip(pairwise(names), edges, edges[2:], strict=False):
        gain = logs[LABELS.index(after), heard[first:last]] - logs[LABELS.index(before), heard[first:last]]
        places.append(first + 1 + int(gain.cumsum()[:-1].argmin()))
    return places


@pytest.mark.parametrize(("accuracy", "within_a_second"), [(0.7, 0.7), (0.85, 0.85), (0.95, 0.94), (1.0, 1.0)])
def test_changes_are_found_near_the_truth(accuracy: float, within_a_second: float) -> None:
    """The oracle's mistakes beside a change move it for any method: what knows everything else is little better."""
    errors: list[float] = []
    bounds: list[float] = []
    extra = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        names = [LABELS[0]]
        while len(names) < 6:
            names += [name for name in [LABELS[rng.integers(len(LABELS))]] if name != names[-1]]
        lengths = rng.integers(12, 60, len(names))
        channel = clips(
            [name for name, length in zip(names, lengths, strict=True) for _ in range(length)], accuracy, rng
        )
        true = channel.start[lengths.cumsum()[:-1]] / SAMPLE_RATE
        found = channel.start[find_bounds(channel)[1:]] / SAMPLE_RATE
        best = channel.start[likeliest(channel, names, lengths.tolist(), accuracy)] / SAMPLE_RATE
        bounds += np.abs(best - true).tolist()
        errors += [float(np.abs(found - time).min(initial=np.inf)) for time in true]
        extra += len(found) - len(true)
    assert np.mean(np.array(errors) <= 1) >= within_a_second
    assert np.mean(np.array(errors) <= 1) >= np.mean(np.array(bounds) <= 1) - 0.1
    assert np.mean(np.array(errors) <= 12) >= 0.95  # three clips
    assert extra <= 1


@pytest.mark.parametrize("accuracy", [0.55, 0.7, 0.85, 0.95])
def test_three_hours_without_a_change_have_none(accuracy: float) -> None:
    for seed in range(2):
        rng = np.random.default_rng(seed)
        kinds = rng.choice(LABELS, size=4, replace=False)
        emotions = [str(name) for name in rng.choice(kinds, p=rng.dirichlet([1, 1, 1, 1]), size=3600)]
        assert find_bounds(clips(emotions, accuracy, rng)) == [0]
