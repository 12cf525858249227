from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from shared.domain.recording import ChannelMode
from tests.support.media.speech import speech_like
from worker.pipeline.channel_mix import mean_of_channels
from worker.pipeline.channel_mode import detect_channel_mode
from worker.pipeline.ports import Samples

VOICE = speech_like(40, seed=1).samples
OTHER = speech_like(40, seed=2).samples
SILENCE = np.zeros_like(VOICE)


def blocks(*channels: Samples) -> Iterator[Samples]:
    sound = np.stack(channels, axis=1)
    return (sound[start : start + 32_000] for start in range(0, len(sound), 32_000))


@pytest.mark.parametrize(
    ("channels", "mode"),
    [
        ((VOICE,), ChannelMode.MIX),
        ((VOICE, VOICE), ChannelMode.MIX),
        ((VOICE, VOICE // 2), ChannelMode.MIX),
        ((VOICE // 2 + OTHER // 4, VOICE // 4 + OTHER // 2), ChannelMode.MIX),
        ((VOICE, OTHER), ChannelMode.SPLIT),
        ((VOICE, SILENCE), ChannelMode.SPLIT),
        ((SILENCE, SILENCE), ChannelMode.MIX),
    ],
    ids=["mono", "copied", "copied softer", "one room", "telephone", "one dead", "silence"],
)
def test_channels_are_split_when_they_carry_different_voices(channels: tuple[Samples, ...], mode: ChannelMode) -> None:
    decided, _ = detect_channel_mode(blocks(*channels))
    assert decided is mode


def test_listening_loses_no_sound() -> None:
    _, second = detect_channel_mode(blocks(VOICE, OTHER))
    assert np.array_equal(np.concatenate(list(second)), np.stack([VOICE, OTHER], axis=1))


def test_a_recording_without_a_sample_is_mixed() -> None:
    mode, second = detect_channel_mode(iter(()))
    assert mode is ChannelMode.MIX
    assert list(second) == []


def test_mix_is_the_mean_without_overflow() -> None:
    loud = np.array([[32767, 32767], [-32768, -32768], [100, 0]], np.int16)
    assert mean_of_channels(loud).tolist() == [32767, -32768, 50]
