"""Blocks of ten seconds without an offset, and what an offset did to the bundled call."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from shared.domain.recording import ChannelMode
from tests.support.media.call import Call, read_call
from tests.unit.preparations import Prepared, prepared
from tests.unit.strategies import divided, divisions, two_channels
from worker.pipeline.ports import Samples
from worker.pipeline.sound_blocks import BLOCK, whole_blocks, without_offset


@pytest.fixture(scope="module")
def call() -> Call:
    return read_call(60)


@settings(max_examples=25)
@given(two_channels, divisions)
def test_blocks_hold_all_of_the_sound_and_do_not_depend_on_its_parts(sound: Samples, sizes: list[int]) -> None:
    blocks = list(whole_blocks(iter(divided(sound, sizes))))
    assert all(len(block) == BLOCK for block in blocks[:-1])
    assert all(0 < len(block) <= BLOCK for block in blocks)
    assert np.array_equal(np.concatenate([np.empty((0, 2), np.int16), *blocks]), sound)


def test_sound_without_an_offset_stays_as_it_is(call: Call) -> None:
    blocks = list(whole_blocks(iter([call.sound])))
    assert all(after is before for before, after in zip(blocks, without_offset(iter(blocks)), strict=True))


@pytest.fixture(scope="module")
def without(call: Call) -> Prepared:
    return prepared(call.sound // 2)


@pytest.mark.parametrize("offset", [(0.01, 0.01), (-0.03, -0.03), (0.2, 0.2), (0.01, 0), (0.02, -0.02)])
def test_two_people_stay_two_with_an_offset(call: Call, without: Prepared, offset: tuple[float, float]) -> None:
    shifted = (call.sound // 2 + np.array(offset) * 32_768).clip(-32_768, 32_767).astype(np.int16)
    with_offset = prepared(shifted)
    assert with_offset.recording.channel_mode is ChannelMode.SPLIT
    assert with_offset.speech_s == pytest.approx(without.speech_s, rel=0.01)
    assert len(with_offset.spans) == len(without.spans)
    for moved, span in zip(with_offset.spans, without.spans, strict=True):
        assert moved == pytest.approx(span, abs=320)


def test_an_offset_does_not_fill_the_pauses_of_one_channel(call: Call) -> None:
    mono = call.voices.sum(axis=0)[:, None] / 2
    without, with_offset = prepared(mono.astype(np.int16)), prepared((mono + 0.03 * 32_768).astype(np.int16))
    assert with_offset.speech_s == pytest.approx(without.speech_s, rel=0.01)
