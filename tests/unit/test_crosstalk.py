"""Crosstalk on the bundled call: speech counts where it belongs, whatever the leak."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from shared.domain.options import SegmentationOptions
from shared.domain.recording import SAMPLE_RATE, ChannelMode, RecordingWarning
from shared.domain.segment import SegmentFlag
from tests.support.media.call import Call, read_call
from tests.unit.preparations import Prepared, prepared
from worker.pipeline.crosstalk import CrosstalkFinder
from worker.pipeline.ports import Floats, Samples
from worker.pipeline.sound_blocks import whole_blocks
from worker.pipeline.speech import HOP

WARNING = (RecordingWarning.CROSSTALK,)
NEAR_STEPS = 20


@pytest.fixture(scope="module")
def call() -> Call:
    return read_call(60)


@pytest.fixture(scope="module")
def clean(call: Call) -> Prepared:
    return prepared(call.sound, channels="split")


@pytest.fixture(scope="module")
def overlapping() -> Call:
    """The same, the customer three seconds earlier: both talk at once in many places."""
    call = read_call(60)
    early = 3 * SAMPLE_RATE
    sound, spoken = call.sound.copy(), call.spoken.copy()
    sound[:, 1], spoken[:, 1] = np.roll(sound[:, 1], -early), np.roll(spoken[:, 1], -early)
    return Call(sound, spoken)


def with_leak(call: Call, into_right_db: float, into_left_db: float, late_ms: float = 0, sign: int = 1) -> Samples:
    """The call, each voice in the other channel too, so much softer and later."""
    left, right = call.voices
    late = round(late_ms * SAMPLE_RATE / 1000)

    def leaked(voice: Floats, db: float) -> Floats:
        return np.asarray(np.roll(voice, late) * sign * 10 ** (db / 20))

    mixed = np.stack([left + leaked(right, into_left_db), right + leaked(left, into_right_db)], axis=1)
    return mixed.clip(-32_768, 32_767).round().astype(np.int16)


def wrong_share(found: NDArray[np.bool_], clean: NDArray[np.bool_]) -> float:
    """The share of the speech found in a channel that is not near speech found without the leak."""
    near = np.convolve(clean, np.ones(2 * NEAR_STEPS + 1), "same") > 0.5
    return float((found & ~near).sum() / found.sum())


def check_channels(leaky: Prepared, clean: Prepared) -> None:
    for channel in (0, 1):
        found, truth = leaky.speech_of(channel), clean.speech_of(channel)
        assert found.sum() == pytest.approx(truth.sum(), rel=0.025)
        assert wrong_share(found, truth) <= 0.005


@pytest.mark.parametrize(
    ("leak_db", "mode"), [(-6, "split"), (-12, "auto"), (-20, "auto"), (-30, "split"), (-40, "auto")]
)
def test_speech_counts_where_it_belongs(call: Call, clean: Prepared, leak_db: float, mode: str) -> None:
    leaky = prepared(with_leak(call, leak_db, leak_db), channels=mode)
    assert leaky.recording.channel_mode is ChannelMode.SPLIT
    assert (RecordingWarning.CROSSTALK in leaky.recording.warnings) >= (leak_db >= -30)
    check_channels(leaky, clean)
    assert leaky.speech_s == pytest.approx(clean.speech_s, rel=0.03)


@pytest.fixture(scope="module")
def clean_overlap(overlapping: Call) -> Prepared:
    return prepared(overlapping.sound, channels="split")


@pytest.mark.parametrize("leak_db", [-6, -12, -20, -30])
def test_where_both_talk_both_have_speech(overlapping: Call, clean_overlap: Prepared, leak_db: float) -> None:
    leaky = prepared(with_leak(overlapping, leak_db, leak_db), channels="split")
    assert leaky.recording.warnings == WARNING
    check_channels(leaky, clean_overlap)
    both = overlapping.spoken.all(axis=1)
    assert both.sum() > 4 * SAMPLE_RATE
    assert leaky.covered(0)[both].mean() > 0.95
    assert leaky.covered(1)[both].mean() > 0.95


@pytest.mark.parametrize(
    ("into_right_db", "into_left_db", "late_ms", "sign"),
    [(-12, -25, 0, 1), (-20, -120, 0, 1), (-120, -15, 0, 1), (-12, -12, 0, -1), (-15, -15, 2, 1), (-15, -15, 30, -1)],
    ids=["unlike", "one way", "the other way", "inverted", "later", "much later"],
)
def test_a_leak_may_be_one_way_inverted_or_late(
    call: Call, clean: Prepared, into_right_db: float, into_left_db: float, late_ms: float, sign: int
) -> None:
    leaky = prepared(with_leak(call, into_right_db, into_left_db, late_ms, sign), channels="split")
    assert leaky.recording.warnings == WARNING
    check_channels(leaky, clean)


@pytest.mark.parametrize("vad", ["webrtc", "silero"])
def test_noise_of_a_channel_is_no_speech_while_the_other_voice_leaks(call: Call, vad: str) -> None:
    noise = np.random.default_rng(1).normal(0, 10 ** (-41 / 20) * 32_768, call.sound.shape)
    sounds = (with_leak(call, -20, -20) + noise, call.sound + noise)
    leaky, clean = (
        prepared(
            sound.clip(-32_768, 32_767).round().astype(np.int16),
            channels="split",
            segmentation=SegmentationOptions(vad=vad),  # type: ignore[arg-type]
        )
        for sound in sounds
    )
    assert leaky.recording.warnings == WARNING
    check_channels(leaky, clean)


def test_a_clean_call_is_cut_as_if_each_channel_were_alone(overlapping: Call, clean_overlap: Prepared) -> None:
    together = clean_overlap
    assert together.recording.warnings == ()
    for channel in (0, 1):
        alone = prepared(overlapping.sound[:, [channel]])
        assert [span[1:] for span in together.spans if span[0] == channel] == [span[1:] for span in alone.spans]
        assert np.array_equal(together.speech_of(channel), alone.speech_of(0))


def test_only_segments_with_the_other_voice_are_flagged_and_their_sound_is_as_recorded(overlapping: Call) -> None:
    sound = with_leak(overlapping, -6, -40)
    leaky = prepared(sound, channels="split")
    flagged = [clip.segment for clip in leaky.clips if SegmentFlag.CROSSTALK in clip.segment.flags]
    assert flagged
    assert {segment.channel for segment in flagged} == {1}
    for clip in leaky.clips:
        assert np.array_equal(clip.samples, sound[clip.segment.start : clip.segment.end, clip.segment.channel])


def test_the_chosen_channel_alone_is_cleared_of_the_other_one(call: Call, clean: Prepared) -> None:
    chosen = prepared(with_leak(call, -12, -12), channels="split", analyse=(1,))
    assert chosen.speech_of(1).sum() == pytest.approx(clean.speech_of(1).sum(), rel=0.03)
    assert {clip.segment.channel for clip in chosen.clips} == {1}


def test_a_third_channel_with_both_voices_has_none_of_its_own(call: Call) -> None:
    left, right = call.voices
    third = (np.roll(left, 16) * 10 ** (-12 / 20) + right * 10 ** (-20 / 20)).round().astype(np.int16)
    finder = CrosstalkFinder()
    blocks = whole_blocks(iter([np.concatenate([call.sound, third[:, None]], axis=1)]))
    shares = np.concatenate([finder.separate(block).shares for block in blocks], axis=1)
    spoken = call.spoken[HOP // 2 :: HOP][: shares.shape[1]].T
    learned = 10 * SAMPLE_RATE // HOP
    assert shares[2, learned:][spoken[:, learned:].any(axis=0)].mean() < 0.1
    for channel in (0, 1):
        assert shares[channel][spoken[channel]].mean() > 0.95
