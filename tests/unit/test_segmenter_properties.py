"""Properties of the segmenter, and of a preparation of two channels, for any sound and options."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
from hypothesis import given, settings

from shared.domain.options import JobOptions, SegmentationOptions
from shared.domain.recording import AudioFormat, RecordingWarning, from_ms
from tests.unit.strategies import DETECTORS, divided, divisions, segmentation_options, sounds, two_channels
from worker.pipeline.ports import Samples
from worker.pipeline.prepare import Clip, Preparation
from worker.pipeline.segmenter import ChannelSegment, Segmenter, SpeechActivity
from worker.pipeline.sound_blocks import whole_blocks, without_offset
from worker.pipeline.speech import HOP, STEP_MS, Mask, Run, close_gaps, runs

LEAST_STEPS = 30
CLICK_STEPS = 10


def cut(parts: Sequence[Samples], options: SegmentationOptions) -> tuple[list[ChannelSegment], Mask, Segmenter]:
    """The segments of a channel, its speech [steps], and its segmenter at the end."""
    activity: list[SpeechActivity] = []
    segmenter = Segmenter(options, DETECTORS[options.vad], activity.append)
    segments = [segment for part in parts for segment in segmenter.feed(part)]
    segments += segmenter.finish()
    return segments, np.concatenate([np.empty(0, np.bool_), *(part.speech for part in activity)]), segmenter


def covered(segments: Sequence[ChannelSegment], steps: int) -> Mask:
    mask = np.zeros(steps, np.bool_)
    for segment in segments:
        mask[segment.start // HOP : -(-segment.end // HOP)] = True
    return mask


def talks(speech: Mask, options: SegmentationOptions) -> list[Run]:
    """The stretches of talk, margins included, that are long enough to be analysed even where the recording ends within
    their last step, and are no clicks."""
    stretches = close_gaps(runs(speech), options.max_silence_ms // STEP_MS + 1)
    margin = options.margin_ms // STEP_MS
    with_margins = ((max(0, start - margin), min(len(speech), end + margin)) for start, end in stretches)
    long = ((start, end) for start, end in with_margins if end - start - (end == len(speech)) >= LEAST_STEPS)
    return [(start, end) for start, end in long if speech[start:end].sum() >= CLICK_STEPS]


def identity(segments: Sequence[ChannelSegment]) -> list[tuple[object, ...]]:
    return [(segment.start, segment.end, segment.speech, segment.cut) for segment in segments]


@settings(max_examples=40)
@given(sounds(), segmentation_options())
def test_pieces_are_in_order_apart_inside_and_as_long_as_allowed(sound: Samples, options: SegmentationOptions) -> None:
    segments, _, _ = cut([sound], options)
    assert all(0 <= segment.start < segment.end <= len(sound) for segment in segments)
    assert all(before.end <= after.start for before, after in itertools.pairwise(segments))
    # The last of a recording may end within a step.
    assert all(LEAST_STEPS * HOP - HOP < segment.end - segment.start <= from_ms(options.max_ms) for segment in segments)
    assert all(np.array_equal(segment.samples, sound[segment.start : segment.end]) for segment in segments)


@settings(max_examples=40)
@given(sounds(), segmentation_options())
def test_no_speech_is_lost_but_clicks_and_none_is_counted_twice(sound: Samples, options: SegmentationOptions) -> None:
    segments, speech, segmenter = cut([sound], options)
    analysed = covered(segments, len(speech))
    for start, end in talks(speech, options):
        lost = runs(~analysed[start:end])
        assert all(speech[start + begin : start + stop].sum() < CLICK_STEPS for begin, stop in lost)
    # A cut in a pause shorter than the minimum leaves the rest of the pause to no segment.
    assert speech.sum() * HOP <= segmenter.speech <= _with_short_pauses(speech, options) * HOP
    assert all(0 < segment.speech <= segment.end - segment.start for segment in segments)
    assert sum(segment.speech for segment in segments) <= segmenter.speech


def _with_short_pauses(speech: Mask, options: SegmentationOptions) -> int:
    return sum(end - start for start, end in close_gaps(runs(speech), options.min_silence_ms // STEP_MS))


@settings(max_examples=30)
@given(sounds(), segmentation_options(), divisions)
def test_cuts_do_not_depend_on_the_sizes_of_blocks(
    sound: Samples, options: SegmentationOptions, sizes: list[int]
) -> None:
    whole, whole_speech, _ = cut([sound], options)
    parts, parts_speech, _ = cut(divided(sound, sizes), options)
    assert identity(parts) == identity(whole)
    assert np.array_equal(parts_speech, whole_speech)


@settings(max_examples=30)
@given(sounds(), segmentation_options())
def test_no_piece_starts_before_the_horizon_that_was_given(sound: Samples, options: SegmentationOptions) -> None:
    segmenter = Segmenter(options, DETECTORS[options.vad])
    for part in divided(sound, [16_000]):
        horizon = segmenter.horizon
        assert all(segment.start >= horizon for segment in segmenter.feed(part))
        assert segmenter.horizon >= horizon
    horizon = segmenter.horizon
    assert all(segment.start >= horizon for segment in segmenter.finish())


class FakeStream:
    """`worker.pipeline.ports.AudioStream` of sound [n, 2] that comes in parts of these sizes."""

    warnings: Sequence[RecordingWarning] = ()

    def __init__(self, sound: Samples, sizes: Sequence[int]) -> None:
        self.format = AudioFormat("pcm_s16le", 16_000, 2, len(sound))
        self._parts = divided(sound, sizes)

    def blocks(self) -> Iterator[Samples]:
        return iter(self._parts)


def prepared(sound: Samples, sizes: Sequence[int], options: JobOptions) -> list[Clip]:
    preparation = Preparation(FakeStream(sound, sizes), options, DETECTORS, max_segments=1_000)
    return [clip for clips in preparation.clips() for clip in clips]


@settings(max_examples=20)
@given(two_channels, segmentation_options(), divisions)
def test_each_of_two_channels_is_cut_as_if_alone_and_clips_are_numbered_by_start(
    sound: Samples, options: SegmentationOptions, sizes: list[int]
) -> None:
    clips = prepared(sound, sizes, JobOptions(channels="split", segmentation=options))
    assert [clip.segment.index for clip in clips] == list(range(len(clips)))
    starts = [clip.segment.start for clip in clips]
    assert starts == sorted(starts)
    # A tone of an odd number of half periods has an offset.
    sound = np.concatenate([sound[:0], *without_offset(whole_blocks(iter([sound])))])
    for channel in (0, 1):
        alone, _, _ = cut([sound[:, channel]], options)
        of_channel = [clip for clip in clips if clip.segment.channel == channel]
        assert [
            (clip.segment.start, clip.segment.end, clip.segment.speech, clip.cut) for clip in of_channel
        ] == identity(alone)
        assert all(
            np.array_equal(clip.samples, sound[clip.segment.start : clip.segment.end, channel]) for clip in of_channel
        )


@settings(max_examples=15)
@given(two_channels, segmentation_options(), divisions)
def test_a_mix_of_two_channels_is_one_channel_that_overlaps_nowhere(
    sound: Samples, options: SegmentationOptions, sizes: list[int]
) -> None:
    clips = prepared(sound, sizes, JobOptions(channels="mix", segmentation=options))
    assert {clip.segment.channel for clip in clips} <= {0}
    assert all(before.segment.end <= after.segment.start for before, after in itertools.pairwise(clips))
    whole = prepared(sound, [len(sound)], JobOptions(channels="mix", segmentation=options))
    assert [clip.segment for clip in clips] == [clip.segment for clip in whole]
