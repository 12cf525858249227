"""A preparation's clips by channel, and its description of the recording."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from shared.domain.options import JobOptions
from shared.domain.recording import AudioFormat, ChannelMode, Recording, RecordingWarning
from tests.support.media.speech import speech_like
from worker.pipeline.errors import ChannelMissing, TooManySegments
from worker.pipeline.ports import Samples
from worker.pipeline.prepare import Clip, Preparation
from worker.pipeline_builder import VOICE_DETECTORS

LEFT, RIGHT = (speech_like(40, seed=seed).samples for seed in (1, 2))
SOUND = np.stack([LEFT, RIGHT], axis=1)
ROLES = ("agent", "customer")


class FakeStream:
    """`worker.pipeline.ports.AudioStream` of sound [n, columns]; the file may have had more channels."""

    warnings: Sequence[RecordingWarning] = ()

    def __init__(self, sound: Samples, channels: int | None = None) -> None:
        self.format = AudioFormat("pcm_s16le", 16_000, channels or sound.shape[1], len(sound))
        self._sound = sound

    def blocks(self) -> Iterator[Samples]:
        return (self._sound[start : start + 32_000] for start in range(0, len(self._sound), 32_000))


CALL = FakeStream(SOUND)
COPIED = FakeStream(np.stack([LEFT, LEFT], axis=1))
MONO = FakeStream(LEFT[:, None])
SURROUND = FakeStream(LEFT[:, None], 6)


def prepared(stream: FakeStream, most: int = 1_000, **chosen: Any) -> tuple[list[Clip], Preparation, Recording]:
    preparation = Preparation(stream, JobOptions(**chosen), VOICE_DETECTORS, most)
    clips = [clip for batch in preparation.clips() for clip in batch]
    return clips, preparation, preparation.describe(Recording("call.wav", 1, "00", "source"))


def test_a_recording_of_too_many_segments_is_stopped_there() -> None:
    clips, preparation, _ = prepared(CALL, channels="split")
    assert preparation.segment_count == len(clips) > 3
    assert len(prepared(CALL, len(clips), channels="split")[0]) == len(clips)
    with pytest.raises(TooManySegments):
        prepared(CALL, len(clips) - 1, channels="split")


@pytest.mark.parametrize("mode", ["split", "auto"])
@pytest.mark.parametrize(("analyse", "number"), [((0,), 0), ((1,), 1), (("customer",), 1), (("customer", 1), 1)])
def test_only_the_chosen_channel_gives_clips_and_counts_as_speech(
    mode: str, analyse: tuple[int | str, ...], number: int
) -> None:
    every, whole, _ = prepared(CALL, channels="split")
    clips, channel_totals, recording = prepared(CALL, channels=mode, roles=ROLES, analyse=analyse)
    assert [clip.segment.index for clip in clips] == list(range(len(clips)))
    assert [(clip.segment.channel, clip.segment.start, clip.segment.end) for clip in clips] == [
        (number, clip.segment.start, clip.segment.end) for clip in every if clip.segment.channel == number
    ]
    for clip in clips:
        assert np.array_equal(clip.samples, SOUND[clip.segment.start : clip.segment.end, number])
    assert 0 < sum(clip.segment.speech for clip in clips) <= channel_totals.speech < whole.speech
    assert channel_totals.waveform().channels == (number,)
    assert np.array_equal(channel_totals.waveform().peaks[:, 0], whole.waveform().peaks[:, number])
    assert (recording.roles, recording.warnings) == (ROLES, ())


@pytest.mark.parametrize(
    ("file", "chosen"),
    [
        (MONO, {"channels": "split", "roles": ROLES}),
        (MONO, {"channels": "auto", "roles": ROLES}),
        (SURROUND, {"channels": "split", "roles": ROLES}),
        (COPIED, {"channels": "auto", "roles": ROLES}),
        (COPIED, {"channels": "auto", "roles": ROLES, "analyse": ("customer",)}),
        (COPIED, {"channels": "auto", "analyse": (1,)}),
    ],
    ids=["mono", "mono, auto", "surround", "one voice", "one voice, by role", "one voice, by number"],
)
def test_sound_that_is_not_split_is_analysed_as_channel_0_without_a_role_and_with_a_warning(
    file: FakeStream, chosen: dict[str, Any]
) -> None:
    clips, _, recording = prepared(file, **chosen)
    assert {clip.segment.channel for clip in clips} == {0}
    assert recording.role(0) is None
    assert recording.warnings == (RecordingWarning.NOT_SPLIT,)


@pytest.mark.parametrize(
    ("file", "chosen"),
    [
        (MONO, {"channels": "split", "analyse": (1,)}),
        (MONO, {"channels": "auto", "analyse": (0, 1)}),
        (MONO, {"channels": "split", "roles": ROLES, "analyse": ("agent",)}),
        (SURROUND, {"channels": "split", "analyse": (0,)}),
    ],
    ids=["mono", "mono, auto", "mono, by role", "surround"],
)
def test_a_missing_or_inseparable_channel_is_an_error(file: FakeStream, chosen: dict[str, Any]) -> None:
    with pytest.raises(ChannelMissing):
        prepared(file, **chosen)


def test_a_mix_that_was_asked_for_has_no_role_and_needs_no_warning() -> None:
    clips, _, recording = prepared(CALL, channels="mix", roles=ROLES)
    assert {clip.segment.channel for clip in clips} == {0}
    assert (recording.channel_mode, recording.role(0), recording.warnings) == (ChannelMode.MIX, None, ())


def test_the_waveform_of_a_mix_is_of_the_analysed_sound() -> None:
    _, preparation, _ = prepared(CALL, channels="mix")
    waveform = preparation.waveform()
    mean = np.floor((LEFT.astype(np.int64) + RIGHT) / 2).reshape(-1, 320)
    assert (waveform.channels, waveform.start, waveform.end) == ((0,), 0, len(SOUND))
    expected = np.floor(np.stack([mean.min(axis=1), mean.max(axis=1)], axis=1) / 256 + 0.5)
    assert np.array_equal(waveform.peaks[:, 0], expected)


def test_a_mono_recording_may_have_the_one_role() -> None:
    clips, _, recording = prepared(MONO, channels="split", roles=("agent",), analyse=("agent",))
    assert clips
    assert (recording.role(0), recording.warnings) == ("agent", ())


def test_a_channel_beyond_the_roles_has_none() -> None:
    _, _, recording = prepared(CALL, channels="split", roles=("agent",))
    assert (recording.role(0), recording.role(1)) == ("agent", None)


def spoken_steps(preparation: Preparation, channel: int) -> NDArray[np.bool_]:
    """True for the steps of 10 ms with speech."""
    steps = np.zeros(-(-len(SOUND) // 160), np.bool_)
    for span in preparation.speech_times().in_channel(channel):
        assert span.start % 160 == 0
        steps[span.start // 160 : -(-span.end // 160)] = True
    return steps


def test_times_of_speech_are_those_in_the_segments_with_their_level() -> None:
    clips, preparation, _ = prepared(CALL, channels="split")
    speech = preparation.speech_times()
    assert (speech.channels, speech.complete) == ((0, 1), True)
    assert list(speech.spans) == sorted(speech.spans, key=lambda span: (span.start, span.channel))
    for channel in (0, 1):
        steps = spoken_steps(preparation, channel)
        for clip in clips:
            if clip.segment.channel == channel:
                inside = steps[clip.segment.start // 160 : clip.segment.end // 160]
                assert inside.sum() * 160 == clip.segment.speech
                steps[clip.segment.start // 160 : clip.segment.end // 160] = False
        assert not steps.any()
    for span in speech.spans:
        power = np.mean((SOUND[span.start : span.end, span.channel] / 32_768) ** 2)
        assert span.level == pytest.approx(10 * np.log10(power), abs=0.06)


def test_of_channels_that_are_not_analysed_only_the_times_are_measured_and_only_if_requested() -> None:
    _, whole, _ = prepared(CALL, channels="split")
    _, usual, _ = prepared(CALL, channels="split", analyse=(1,))
    assert (usual.speech_times().channels, usual.speech_times().complete) == ((1,), False)
    clips, timed, _ = prepared(CALL, channels="split", analyse=(1,), speaking_times="all")
    speech = timed.speech_times()
    assert (speech.channels, speech.complete) == ((0, 1), True)
    for channel in (0, 1):
        assert np.array_equal(spoken_steps(timed, channel), spoken_steps(whole, channel))
    assert {span.level for span in speech.in_channel(0)} == {None}
    assert speech.in_channel(1) == usual.speech_times().in_channel(1)
    assert {clip.segment.channel for clip in clips} == {1}
    assert (timed.speech, timed.waveform().channels) == (usual.speech, (1,))
