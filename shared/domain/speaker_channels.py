"""Speakers as channels: where they were told apart, all that is shown by channel is shown by speaker."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

from shared.domain.recording import Recording
from shared.domain.segment import SegmentResult
from shared.domain.speech import SpeechTimes


def segments_by_speaker(recording: Recording, results: Sequence[SegmentResult]) -> list[SegmentResult]:
    """Return segments with the number of their speaker as their channel; a merged speaker is the other one.

    They stay as they are where speakers were not told apart, and while this is not done yet.
    """
    return [segment_by_speaker(recording, result) for result in results]


def segment_by_speaker(recording: Recording, result: SegmentResult) -> SegmentResult:
    """Return a segment as `segments_by_speaker` does."""
    if not recording.speakers or result.speaker is None:
        return result
    number = merged_number(recording, result.speaker)
    return replace(result, speaker=number, segment=replace(result.segment, channel=number))


def merged_number(recording: Recording, number: int) -> int:
    """Return the number of the speaker that a speaker was merged into, over several mergers, else its own."""
    while (into := recording.speakers[number].merged_into) is not None:
        number = into
    return number


def speech_by_segment(speech: SpeechTimes, results: Sequence[SegmentResult]) -> SpeechTimes:
    """Return the speech of one channel by the channels of the segments in which it lies, as `segments_by_speaker` has
    them. Each stretch of speech lies in one segment."""
    if not results:
        return speech
    in_order = sorted((result.segment for result in results), key=lambda segment: segment.start)
    starts = [segment.start for segment in in_order]
    spans = tuple(
        replace(span, channel=in_order[max(0, bisect_right(starts, span.start) - 1)].channel) for span in speech.spans
    )
    return SpeechTimes(tuple(sorted({segment.channel for segment in in_order})), speech.complete, spans)
