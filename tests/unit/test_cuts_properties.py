"""Properties of the cuts in a stretch of talk, for any pauses and levels."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.options import SegmentationOptions
from tests.unit.strategies import segmentation_options
from worker.pipeline.cut_placement import Candidate, CutReason, place_cuts
from worker.pipeline.speech import HOP, STEP_MS, Levels, Run


class Talk(NamedTuple):
    """Arguments of `place_cuts`, in steps."""

    span: Run
    speech: list[Run]
    level: Levels


def talk(margin: int, turns: Sequence[tuple[int, int]], last: int, seed: int) -> Talk:
    """Speech and pauses in turn, at random levels, with a margin on both sides."""
    bounds = margin + np.cumsum([0, *(steps for turn in turns for steps in turn), last])
    speech = [(int(start), int(end)) for start, end in bounds.reshape(-1, 2)]
    span = (0, speech[-1][1] + margin)
    level = np.random.default_rng(seed).uniform(-90, 0, span[1]).astype(np.float32)
    return Talk(span, speech, level)


turns = st.tuples(st.one_of(st.integers(1, 400), st.integers(1, 6_000)), st.integers(10, 200))
talks = st.builds(talk, st.integers(0, 40), st.lists(turns, max_size=12), st.integers(1, 6_000), st.integers(0, 99))


def lengths(talk: Talk, places: Sequence[Candidate]) -> list[int]:
    return [end - start for start, end in pairwise([talk.span[0], *(place.at for place in places)])]


@settings(max_examples=150)
@given(talks, segmentation_options())
def test_the_pieces_fill_the_talk_and_none_is_too_long(talk: Talk, options: SegmentationOptions) -> None:
    places = place_cuts(*talk, options)
    assert places[-1].at == talk.span[1]
    assert min(lengths(talk, places)) > 0
    assert max(lengths(talk, places)) <= options.max_ms // STEP_MS


@settings(max_examples=150)
@given(talks, segmentation_options())
def test_each_cut_has_its_declared_reason(talk: Talk, options: SegmentationOptions) -> None:
    pauses = {(end + start) // 2: start - end for (_, end), (start, _) in pairwise(talk.speech)}
    *inner, last = place_cuts(*talk, options)
    assert last.cut.reason is CutReason.END_OF_TALK
    for place in inner:
        assert place.cut.reason is (CutReason.PAUSE if place.cut.pause else CutReason.NO_PAUSE)
        if place.cut.pause:
            assert place.cut.pause == pauses[place.at] * HOP


comfortable = st.lists(st.integers(300, 900), min_size=2, max_size=10)
"""Steps of speech between pauses; one makes a piece of 3 s and more, two of them fit into one of 25 s."""


@settings(max_examples=100)
@given(comfortable, st.integers(50, 80), st.integers(0, 99))
def test_speech_is_not_cut_where_the_pauses_will_do(speech: list[int], pause: int, seed: int) -> None:
    stretch = talk(10, [(steps, pause) for steps in speech[:-1]], speech[-1], seed)
    reasons = {place.cut.reason for place in place_cuts(*stretch, SegmentationOptions())}
    assert CutReason.NO_PAUSE not in reasons


@settings(max_examples=50)
@given(talks, segmentation_options(), st.integers(1, 5_000))
def test_cuts_do_not_depend_on_the_position_on_the_grid(talk: Talk, options: SegmentationOptions, late: int) -> None:
    later = Talk(
        (talk.span[0] + late, talk.span[1] + late),
        [(start + late, end + late) for start, end in talk.speech],
        np.concatenate([np.full(late, -90, np.float32), talk.level]),
    )
    moved = [(place.at - late, place.cost, place.cut) for place in place_cuts(*later, options)]
    assert moved == [(place.at, place.cost, place.cut) for place in place_cuts(*talk, options)]
