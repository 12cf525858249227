from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared.domain.options import SegmentationOptions
from shared.domain.recording import SAMPLE_RATE, from_ms
from tests.support.media.speech import speech_like
from worker.adapters.webrtc_vad import WebRtcVoiceDetector
from worker.pipeline.ports import Samples
from worker.pipeline.segmenter import ChannelSegment, Segmenter, SpeechActivity

LEAST = from_ms(300)
MARGIN = from_ms(150)


class LoudnessDetector:
    """`worker.pipeline.ports.VoiceDetector` for signals of which every sound is voice."""

    takes_any_sound = False

    def __init__(self, frame: int = 480) -> None:
        self.frame = frame

    def voiced(self, samples: Samples) -> NDArray[np.bool_]:
        return np.asarray(np.abs(samples.reshape(-1, self.frame)).max(axis=1) > 0)


def cut(
    sound: Samples, options: SegmentationOptions | None = None, chunk: int = 32_000
) -> tuple[list[ChannelSegment], int]:
    """The segments of a channel, and its samples of speech."""
    segmenter = Segmenter(options or SegmentationOptions(), LoudnessDetector)
    segments: list[ChannelSegment] = []
    for start in range(0, len(sound), chunk):
        segments += segmenter.feed(sound[start : start + chunk])
    return [*segments, *segmenter.finish()], segmenter.speech


def tone(plan: Sequence[tuple[float, float]]) -> Samples:
    """Sound and silence in turn, in seconds."""
    parts = []
    for sound, silence in plan:
        parts += [np.full(round(sound * SAMPLE_RATE), 8000, np.int16), np.zeros(round(silence * SAMPLE_RATE), np.int16)]
    return np.concatenate(parts) if parts else np.empty(0, np.int16)


plans = st.lists(st.tuples(st.floats(0.02, 70), st.floats(0.02, 12)), max_size=8)


@settings(max_examples=60)
@given(plans, st.sampled_from([3000, 8000, 25_000]))
def test_pieces_are_sorted_disjoint_inside_short_enough_and_hold_the_speech(
    plan: list[tuple[float, float]], max_ms: int
) -> None:
    sound = tone(plan)
    segments, speech = cut(sound, SegmentationOptions(max_ms=max_ms))
    assert all(0 <= segment.start < segment.end <= len(sound) for segment in segments)
    assert all(before.end <= after.start for before, after in itertools.pairwise(segments))
    assert all(LEAST <= segment.end - segment.start <= from_ms(max_ms) for segment in segments)
    assert all(np.array_equal(segment.samples, sound[segment.start : segment.end]) for segment in segments)
    assert sum(segment.speech for segment in segments) <= speech
    covered = np.zeros(len(sound), np.bool_)
    for segment in segments:
        covered[segment.start : segment.end] = True
    spans = np.cumsum([0, *(part for pair in plan for part in pair)]) * SAMPLE_RATE
    for start, end in zip(spans[::2].astype(int), spans[1::2].astype(int), strict=False):
        if end - start >= LEAST:  # a shorter sound may be a click
            assert covered[start + 480 : end - 480].all()


@settings(max_examples=25)
@given(plans, st.integers(100, 200_000))
def test_pieces_do_not_depend_on_how_the_sound_is_divided(plan: list[tuple[float, float]], chunk: int) -> None:
    sound = tone(plan)
    whole, _ = cut(sound, chunk=max(1, len(sound)))
    divided, _ = cut(sound, chunk=chunk)
    assert [(segment.start, segment.end, segment.speech) for segment in whole] == [
        (segment.start, segment.end, segment.speech) for segment in divided
    ]


def test_a_pause_over_a_second_is_not_analysed_but_for_a_margin() -> None:
    segments, _ = cut(tone([(4, 1.2), (4, 0)]))
    assert [segment.start for segment in segments] == [0, pytest.approx(5.2 * SAMPLE_RATE - MARGIN, abs=480)]
    assert segments[0].end == pytest.approx(4 * SAMPLE_RATE + MARGIN, abs=480)


def test_a_pause_of_half_a_second_is_preferred_to_one_of_a_quarter() -> None:
    segments, _ = cut(tone([(12, 0.25), (4, 0.5), (12, 0.0)]))
    assert [segment.end / SAMPLE_RATE for segment in segments[:-1]] == [pytest.approx(16.5, abs=0.03)]


def test_each_piece_has_the_reason_of_its_end() -> None:
    segments, _ = cut(tone([(14, 0.51), (14, 0.27), (40, 1.5), (4, 0)]))
    assert [segment.cut.reason for segment in segments] == ["pause", "pause", "no_pause", "end_of_talk", "end_of_talk"]
    assert [segment.cut.pause for segment in segments] == [from_ms(510), from_ms(270), 0, 0, 0]


def test_the_detected_speech_covers_the_channel_and_does_not_change_the_pieces() -> None:
    sound = tone([(4, 0.3), (30, 2), (3, 0.5)])
    activity: list[SpeechActivity] = []
    segmenter = Segmenter(SegmentationOptions(), LoudnessDetector, activity.append)
    segments = [*segmenter.feed(sound), *segmenter.finish()]
    assert [(segment.start, segment.end, segment.cut) for segment in segments] == [
        (segment.start, segment.end, segment.cut) for segment in cut(sound)[0]
    ]
    steps = sum(len(part.level) for part in activity)
    assert steps == sum(len(part.speech) for part in activity)
    assert 0 <= steps * 160 - len(sound) < 480
    assert sum(part.speech.sum() for part in activity) * 160 == pytest.approx(37 * SAMPLE_RATE, abs=6 * 480)
    assert all(part.threshold == -40 for part in activity)


def heard_as_speech(sound: Samples, frame: int) -> NDArray[np.bool_]:
    """Which steps of 10 ms are speech, [steps], to a detector with frames of so many samples."""
    activity: list[SpeechActivity] = []
    segmenter = Segmenter(SegmentationOptions(), partial(LoudnessDetector, frame), activity.append)
    for _ in itertools.chain(segmenter.feed(sound), segmenter.finish()):
        pass
    return np.concatenate([part.speech for part in activity])


@pytest.mark.parametrize("frame", [480, 512])
def test_a_step_is_speech_where_most_of_it_lies_in_voiced_frames(frame: int) -> None:
    voiced = np.repeat(np.random.default_rng(1).random(700) < 0.5, frame)[: 161_280 * 2]
    expected = voiced.reshape(-1, 160).mean(axis=1) > 0.5
    assert np.array_equal(heard_as_speech(voiced * np.int16(8000), frame), expected)


@pytest.mark.parametrize("frame", [480, 512])
@pytest.mark.parametrize("samples", [1, 160, 161, 480, 481, 512, 513, 161_280, 161_281, 161_280 + 481, 161_280 + 512])
def test_a_channel_may_end_anywhere_in_a_step_and_in_a_frame(frame: int, samples: int) -> None:
    speech = heard_as_speech(np.full(samples, 8000, np.int16), frame)
    assert len(speech) == -(-samples // 160)
    assert speech.all()


def test_a_short_stretch_without_a_pause_is_never_cut() -> None:
    segments, _ = cut(tone([(24.5, 0)]))
    assert len(segments) == 1


def test_talk_without_any_pause_is_cut_all_the_same() -> None:
    segments, _ = cut(tone([(120, 0)]))
    assert max(segment.end - segment.start for segment in segments) <= 25 * SAMPLE_RATE
    assert sum(segment.end - segment.start for segment in segments) == 120 * SAMPLE_RATE


def test_a_click_is_no_segment_but_counts_as_speech_that_was_not_analysed() -> None:
    for plan in ([(0.03, 3)], [(2, 3), (0.06, 3)]):  # at the start, and with margins on both sides
        segments, speech = cut(tone(plan))
        assert len(segments) == len(plan) - 1
        assert speech > sum(segment.speech for segment in segments)


def test_memory_does_not_grow_with_the_recording() -> None:
    segmenter = Segmenter(SegmentationOptions(), LoudnessDetector)
    minute = np.full(60 * SAMPLE_RATE, 8000, np.int16)
    held = []
    for _ in range(20):
        list(segmenter.feed(minute))
        held.append(len(segmenter._sound))
    assert max(held) <= 90 * SAMPLE_RATE


@pytest.mark.parametrize("peak", [0.5, 0.02, 0.012])
def test_real_detector_loses_no_speech_loud_or_quiet(peak: float) -> None:
    speech = speech_like(120, seed=3, peak=peak)
    segmenter = Segmenter(SegmentationOptions(), WebRtcVoiceDetector)
    segments = [*segmenter.feed(speech.samples), *segmenter.finish()]
    covered = np.zeros(len(speech.samples), np.bool_)
    for segment in segments:
        covered[segment.start : segment.end] = True
    lost = sum((~covered[start:end]).sum() for start, end in speech.spans) / sum(e - s for s, e in speech.spans)
    assert lost <= 0.005


def test_strict_keeps_the_users_gate_where_it_loses_quiet_speech() -> None:
    quiet = speech_like(30, seed=3, peak=0.012).samples
    segmenter = Segmenter(SegmentationOptions(strict=True), WebRtcVoiceDetector)
    assert sum(segment.speech for segment in [*segmenter.feed(quiet), *segmenter.finish()]) < 0.2 * len(quiet)
