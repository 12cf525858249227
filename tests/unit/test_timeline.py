from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.options import AggregationOptions
from shared.domain.recording import SAMPLE_RATE, from_ms, to_ms
from shared.domain.segment import Correction, SegmentFlag, SegmentResult, apply_corrections, mostly_unfamiliar
from shared.domain.timeline import Result, aggregate, dominant, merge
from shared.findings.worst_minute import find_worst_minute
from tests.support.segment_results import scored, scored_as, skipped, unfamiliar

TWO_SECONDS = from_ms(2000)


def aggregated(segments: list[SegmentResult], **options: float) -> Result:
    speech = sum(result.segment.speech for result in segments)
    return aggregate(
        segments,
        duration=100 * SAMPLE_RATE,
        speech=speech,
        options=AggregationOptions(**options),  # type: ignore[arg-type]
        model=None,
    )


def test_neighbours_of_one_emotion_under_two_seconds_apart_are_one_entry_with_their_mean_confidence() -> None:
    entries = merge([scored(0, 0, 10, "happy", 0.6), scored(1, 11.999, 20, "happy", 0.8)], TWO_SECONDS)
    assert [(to_ms(e.start), to_ms(e.end), e.emotion) for e in entries] == [(0, 20_000, "happy")]
    assert entries[0].confidence == pytest.approx(0.7)


def test_neighbours_two_seconds_apart_stay_two_entries() -> None:
    assert len(merge([scored(0, 0, 10, "happy", 0.6), scored(1, 12, 20, "happy", 0.8)], TWO_SECONDS)) == 2


def test_another_emotion_between_keeps_entries_apart() -> None:
    segments = [scored(0, 0, 5, "sad", 0.5), scored(1, 5, 6, "angry", 0.5), scored(2, 6, 9, "sad", 0.5)]
    assert [entry.emotion for entry in merge(segments, TWO_SECONDS)] == ["sad", "angry", "sad"]


def test_channels_are_merged_each_by_itself_and_the_timeline_is_sorted_by_start() -> None:
    segments = [
        scored(0, 0, 5, "sad", 0.5, channel=0),
        scored(1, 4, 6, "happy", 0.5, channel=1),
        scored(2, 6, 9, "sad", 0.5, channel=0),
    ]
    assert [(e.channel, e.emotion, to_ms(e.start)) for e in merge(segments, TWO_SECONDS)] == [
        (0, "sad", 0),
        (1, "happy", 4000),
    ]


def test_dominant_is_the_label_of_most_segments_and_its_share_is_of_the_time() -> None:
    winner = dominant([scored(0, 0, 1, "sad", 0.4), scored(1, 2, 3, "sad", 0.6), scored(2, 4, 12, "happy", 0.9)])
    assert winner is not None
    assert winner.emotion == "sad"
    assert (winner.confidence, winner.share) == pytest.approx((0.5, 0.2))


def test_dominant_tie_goes_to_the_higher_mean_confidence() -> None:
    winner = dominant([scored(0, 0, 9, "sad", 0.6), scored(1, 9, 10, "happy", 0.7)])
    assert winner is not None
    assert winner.emotion == "happy"


def test_nothing_analysed_gives_no_dominant_and_an_empty_timeline() -> None:
    result = aggregated([skipped(0, 0, 5)])
    assert result.dominant is None
    assert result.timeline == ()
    assert result.coverage.analysed == 0
    assert result.coverage.speech == 5 * SAMPLE_RATE


def test_skipped_segments_are_listed_but_do_not_count() -> None:
    result = aggregated([scored(0, 0, 5, "sad", 0.9), skipped(1, 5, 10)])
    assert len(result.segments) == 2
    assert result.summary.share_by_emotion == {"sad": 1.0}
    assert result.coverage.analysed == result.coverage.speech // 2


def test_under_the_least_confidence_the_emotion_is_unknown_rather_than_guessed() -> None:
    result = aggregated([scored(0, 0, 5, "sad", 0.9), scored(1, 5, 10, "happy", 0.3)], min_confidence=0.5)
    assert [entry.emotion for entry in result.timeline] == ["sad", "unknown"]
    assert [segment.outcome.emotion for segment in result.segments] == ["sad", "happy"]


def test_summary_tells_quarters_transitions_and_peaks_of_each_channel_by_itself() -> None:
    result = aggregated(
        [
            scored(0, 0, 20, "neutral", 0.5),
            scored(1, 30, 60, "angry", 0.8),
            scored(2, 70, 90, "neutral", 0.6),
            scored(3, 80, 90, "happy", 0.7, channel=1),
        ]
    )
    assert [channel.dominant.emotion for channel in result.summary.by_channel] == ["neutral", "happy"]
    quarters = result.summary.by_quarter
    assert [(quarter.channel, *quarter.share_by_emotion) for quarter in quarters] == [
        (0, "neutral"), (0, "angry"), (0, "angry", "neutral"), (0, "neutral"), (1,), (1,), (1,), (1, "happy"),
    ]  # fmt: skip
    assert [quarter.speech // SAMPLE_RATE for quarter in quarters] == [20, 20, 15, 15, 0, 0, 0, 10]
    assert [(t.channel, t.source, t.target, t.count) for t in result.summary.transitions] == [
        (0, "neutral", "angry", 1),
        (0, "angry", "neutral", 1),
    ]
    assert [(peak.channel, peak.emotion, peak.index) for peak in result.summary.peaks] == [
        (0, "angry", 1),
        (0, "neutral", 2),
        (1, "happy", 3),
    ]


def test_a_peak_rests_on_two_seconds_of_speech_without_a_flag_that_makes_it_doubtful() -> None:
    noise = scored_as(0, 0, 1, {"angry": 0.99}, speech_s=0.4, flags=(SegmentFlag.TOO_SHORT, SegmentFlag.QUIET))
    leaking = scored_as(1, 2, 9, {"angry": 0.98}, flags=(SegmentFlag.CROSSTALK,))
    pauses = scored_as(2, 10, 19, {"sad": 0.9}, speech_s=1.9)
    phone = scored_as(3, 20, 22, {"angry": 0.6}, flags=(SegmentFlag.NARROWBAND,))
    strange = unfamiliar(scored_as(4, 30, 39, {"angry": 0.97}))
    result = aggregated([noise, leaking, pauses, phone, strange])
    assert [(peak.emotion, peak.index) for peak in result.summary.peaks] == [("angry", 3)]


def test_findings_rest_on_unfamiliar_speech_only_where_a_person_heard_the_emotion() -> None:
    guessed = unfamiliar(scored_as(0, 0, 20, {"angry": 0.9, "sad": 0.1}))
    by_person = replace(guessed, correction=Correction("sad", None, datetime(2026, 1, 1, tzinfo=UTC)))
    (corrected,) = apply_corrections([by_person])
    for result, heard in ((guessed, []), (corrected, ["sad"])):
        assert [peak.emotion for peak in aggregated([result]).summary.peaks] == heard
        assert (find_worst_minute([result], 60 * SAMPLE_RATE) is not None) == bool(heard)
        assert mostly_unfamiliar([result]) != bool(heard)
        assert result.flags == (SegmentFlag.UNFAMILIAR,)
    assert not mostly_unfamiliar([guessed, scored_as(1, 30, 50, {"sad": 0.5})])


def test_shares_are_of_the_speech_and_not_of_the_pauses_in_segments() -> None:
    result = aggregated([scored_as(0, 0, 20, {"sad": 1.0}, speech_s=5), scored_as(1, 20, 40, {"happy": 1.0})])
    assert result.summary.share_by_emotion == {"happy": 0.8, "sad": 0.2}
    assert result.dominant
    assert result.dominant.speech == 25 * SAMPLE_RATE


@st.composite
def recordings(draw: st.DrawFn) -> list[SegmentResult]:
    """Segments of two channels, disjoint in each, in order of start."""
    segments: list[SegmentResult] = []
    for channel in (0, 1):
        now = 0.0
        for _ in range(draw(st.integers(0, 8))):
            start = now + draw(st.floats(0, 5))
            now = start + draw(st.floats(0.3, 25))
            emotion, confidence = draw(st.sampled_from(["happy", "sad", "angry"])), draw(st.floats(0.1, 1))
            segments.append(scored(0, start, now, emotion, confidence, channel))
    return sorted(segments, key=lambda result: result.segment.start)


@given(recordings(), st.integers(0, 10 * SAMPLE_RATE))
def test_merging_loses_no_segment_and_leaves_nothing_to_merge(segments: list[SegmentResult], gap: int) -> None:
    entries = merge(segments, gap)
    assert [entry.start for entry in entries] == sorted(entry.start for entry in entries)
    for result in segments:
        segment = result.segment
        holders = [e for e in entries if e.channel == segment.channel and e.start <= segment.start < e.end]
        assert [entry.emotion for entry in holders] == [result.outcome.emotion]
    for channel in (0, 1):
        of_channel = [entry for entry in entries if entry.channel == channel]
        for before, after in itertools.pairwise(of_channel):
            assert before.emotion != after.emotion or after.start - before.end >= gap


@given(recordings())
def test_shares_sum_to_one(segments: list[SegmentResult]) -> None:
    shares = aggregated(segments).summary.share_by_emotion
    assert sum(shares.values()) == pytest.approx(1 if segments else 0)
