"""Properties of runs, gaps, levels, the gate and the mix, for any sound."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from shared.domain.options import SegmentationOptions
from shared.domain.recording import ChannelMode
from tests.unit.strategies import divided, divisions, segmentation_options, sounds, two_channels
from worker.pipeline.channel_mix import mean_of_channels
from worker.pipeline.channel_mode import detect_channel_mode
from worker.pipeline.ports import Samples
from worker.pipeline.speech import HOP, Mask, Run, SpeechGate, close_gaps, levels, runs

LOWEST_GATE_DB = -60.0

masks = arrays(np.bool_, st.integers(0, 200))
blocks = arrays(np.int16, st.tuples(st.integers(0, 50), st.just(2)))


def filled(stretches: Sequence[Run], size: int) -> Mask:
    mask = np.zeros(size, np.bool_)
    for start, end in stretches:
        mask[start:end] = True
    return mask


def gaps(stretches: Sequence[Run]) -> list[Run]:
    return [(end, start) for (_, end), (start, _) in pairwise(stretches)]


@given(masks)
def test_runs_are_the_mask_and_no_two_of_them_touch(mask: Mask) -> None:
    result = runs(mask)
    assert np.array_equal(filled(result, len(mask)), mask)
    assert all(start < end for start, end in [*result, *gaps(result)])


@given(masks, st.integers(0, 30))
def test_closing_gaps_joins_all_that_is_near_and_nothing_else(mask: Mask, shortest: int) -> None:
    stretches = runs(mask)
    joined = close_gaps(stretches, shortest)
    assert gaps(joined) == [(start, end) for start, end in gaps(stretches) if end - start >= shortest]
    assert np.array_equal(filled(joined, len(mask)) | mask, filled(joined, len(mask)))
    assert {start for start, _ in joined[:1]} == {start for start, _ in stretches[:1]}
    assert {end for _, end in joined[-1:]} == {end for _, end in stretches[-1:]}


@given(arrays(np.int16, st.integers(0, 3_000)), st.integers(0, 18))
def test_each_step_has_its_own_level_and_none_is_over_full_scale(samples: Samples, step: int) -> None:
    result = levels(samples)
    assert len(result) == len(samples) // HOP
    assert np.isfinite(result).all()
    assert (result <= 0).all()
    assert np.array_equal(levels(samples[step * HOP :]), result[step:])


@settings(max_examples=50)
@given(st.lists(sounds(3, 2_000), min_size=1, max_size=8), segmentation_options())
def test_the_gate_moves_down_only_and_lets_nothing_pass_that_is_no_voice(
    parts: list[Samples], options: SegmentationOptions
) -> None:
    gate = SpeechGate(options)
    for part in parts:
        level = levels(part)
        voiced = np.arange(len(level)) % 3 > 0
        speech = gate.speech(voiced, level)
        assert min(LOWEST_GATE_DB, options.silence_db) <= gate.threshold <= options.silence_db
        assert gate.threshold == options.silence_db or not options.strict
        assert np.array_equal(speech, voiced & (level > gate.threshold))


@given(blocks)
def test_a_mix_is_the_mean_rounded_down_whichever_channel_comes_first(block: Samples) -> None:
    mixed = mean_of_channels(block)
    assert mixed.dtype == np.int16
    assert mixed.tolist() == [sum(values) // len(values) for values in block.tolist()]
    assert np.array_equal(mean_of_channels(block[:, ::-1]), mixed)


@settings(max_examples=25)
@given(two_channels, divisions)
def test_listening_to_decide_on_the_channels_loses_no_sound(sound: Samples, sizes: list[int]) -> None:
    _, second = detect_channel_mode(iter(divided(sound, sizes)))
    assert np.array_equal(np.concatenate([sound[:0], *second]), sound)


@settings(max_examples=25)
@given(sounds(5), st.integers(8_000, 100_000))
def test_a_voice_of_over_a_second_that_is_in_both_channels_is_one_voice(sound: Samples, block: int) -> None:
    longer = np.concatenate([sound, np.full(20_000, 3_000, np.int16)])
    mode, _ = detect_channel_mode(iter(divided(np.stack([longer, longer], axis=1), [block])))
    assert mode is ChannelMode.MIX
