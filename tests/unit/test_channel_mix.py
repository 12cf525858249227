"""Mixing two channels: no voice of the bundled call is lost where the channels cancel."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from shared.domain.recording import SAMPLE_RATE, ChannelMode, RecordingWarning
from tests.support.media.call import Call, read_call
from tests.unit.preparations import prepared
from worker.pipeline.channel_mix import ChannelMixer, mean_of_channels
from worker.pipeline.ports import Floats, Samples
from worker.pipeline.sound_blocks import BLOCK

CANCEL = (RecordingWarning.CHANNELS_CANCEL,)


@pytest.fixture(scope="module")
def call() -> Call:
    return read_call(60)


def stereo(left: Floats, right: Floats) -> Samples:
    return np.stack([left, right], axis=1).clip(-32_768, 32_767).round().astype(np.int16)


def hum(length: int) -> Floats:
    return np.asarray(3_000 * np.sin(np.arange(length) * (2 * np.pi * 50 / SAMPLE_RATE)), np.float32)


def hiss(length: int) -> Floats:
    return np.random.default_rng(1).normal(0, 300, length).astype(np.float32)


@pytest.mark.parametrize(
    ("mode", "gain"), [("auto", -1.0), ("mix", -1.0), ("auto", -0.95), ("mix", -0.8), ("auto", -0.5)]
)
def test_an_inverted_channel_costs_no_speech(call: Call, mode: str, gain: float) -> None:
    agent, customer = call.voices
    both = agent + customer
    mono = prepared(stereo(both, both), channels=mode)
    inverted = prepared(stereo(both, gain * both), channels=mode)
    assert inverted.recording.channel_mode is ChannelMode.MIX
    assert (mono.recording.warnings, inverted.recording.warnings) == ((), CANCEL)
    assert inverted.spans == mono.spans
    assert inverted.speech_s == pytest.approx(mono.speech_s, rel=0.01)


@pytest.mark.parametrize("inverted", [0, 1])
@pytest.mark.parametrize("louder", [0, 1], ids=["left louder", "right louder"])
def test_one_inverted_voice_is_not_lost(call: Call, inverted: int, louder: int) -> None:
    signs = [1, 1]
    signs[inverted] = -1
    agent, customer = call.voices
    channels = [agent + customer, signs[0] * agent + signs[1] * customer]
    channels[1 - louder] = channels[1 - louder] * 0.9
    preparation = prepared(stereo(*channels))
    assert preparation.recording.warnings == CANCEL
    assert preparation.share_found(call.anyone) > 0.995


@pytest.mark.parametrize("in_both", [hum, hiss])
def test_sound_that_is_the_same_in_both_channels_does_not_hide_a_voice_that_cancels(
    call: Call, in_both: Callable[[int], Floats]
) -> None:
    agent, customer = call.voices
    both, other = agent + customer, in_both(len(agent))
    preparation = prepared(stereo(both + other, -both + other))
    assert preparation.recording.warnings == CANCEL
    assert preparation.share_found(call.anyone) > 0.995


def test_a_voice_that_is_inverted_for_a_while_only_is_not_lost(call: Call) -> None:
    both = call.voices.sum(axis=0)
    right = both.copy()
    right[30 * SAMPLE_RATE : 45 * SAMPLE_RATE] *= -1
    preparation = prepared(stereo(both, right), channels="mix")
    assert preparation.recording.warnings == CANCEL
    assert preparation.share_found(call.anyone) > 0.995


def test_the_louder_channel_is_taken_after_one_falls_silent(call: Call) -> None:
    both = call.voices.sum(axis=0)
    left, right = both.copy(), -both
    left[30 * SAMPLE_RATE :] *= 0.001
    preparation = prepared(stereo(left, right), channels="mix")
    assert preparation.share_found(call.anyone) > 0.995


@pytest.mark.parametrize("delay_ms", [0, 0.2, 0.5, 1, 3])
def test_a_room_in_stereo_is_mixed_by_the_mean_as_ever(call: Call, delay_ms: float) -> None:
    agent, customer = call.voices
    late = round(delay_ms * SAMPLE_RATE / 1000)
    left = agent + 0.6 * np.roll(customer, late)
    right = 0.6 * np.roll(agent, late) + customer
    sound = stereo(left, right)
    mixer = ChannelMixer()
    mixed = np.concatenate([mixer.mix(sound[start : start + BLOCK]) for start in range(0, len(sound), BLOCK)])
    assert not mixer.cancels
    assert np.array_equal(mixed, mean_of_channels(sound))


def test_a_call_that_is_to_be_mixed_does_not_cancel(call: Call) -> None:
    assert prepared(stereo(*call.voices), channels="mix").recording.warnings == ()


def test_a_change_of_channel_is_faded() -> None:
    tone = 8_000 * np.sin(np.arange(4 * SAMPLE_RATE) * (2 * np.pi * 200 / SAMPLE_RATE))
    voice = np.random.default_rng(2).normal(0, 3_000, len(tone))
    first = np.arange(len(tone)) < 2 * SAMPLE_RATE
    sound = stereo(np.where(first, voice, tone), np.where(first, -voice, tone * 3))
    mixed = ChannelMixer().mix(sound).astype(np.int32)
    steps = np.abs(np.diff(mixed[2 * SAMPLE_RATE + 8_000 :]))
    assert steps.max() < 24_000 * 2 * np.pi * 200 / SAMPLE_RATE * 1.5
