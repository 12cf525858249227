from __future__ import annotations

from reports.findings import Findings, Why, find
from shared.domain.failure import FailureCode
from shared.domain.recording import SAMPLE_RATE
from shared.domain.segment import SegmentFlag, SegmentResult
from tests.reports.subjects import call, crashed, subject
from tests.unit.results import scored, skipped


def found(segments: list[SegmentResult], min_confidence: float = 0.0) -> Findings:
    return find(subject(segments, min_confidence=min_confidence).result, min_confidence)


def reasons(findings: Findings) -> dict[int, list[Why]]:
    return {key.result.segment.index: [reason.why for reason in key.reasons] for key in findings.key_segments}


def test_turning_points_are_told_of_each_channel() -> None:
    turns = [(turn.channel, turn.at // SAMPLE_RATE, turn.before, turn.after) for turn in found(call()).turns]
    assert turns == [(1, 210, "neutral", "angry"), (1, 410, "angry", "neutral")]


def test_the_strongest_of_each_emotion_the_longest_stretches_and_the_least_certain_are_worth_hearing() -> None:
    by_index = reasons(found(call()))
    # Confidence grows with the index.
    assert {59, 39, 30} <= {index for index, why in by_index.items() if Why.STRONGEST in why}
    assert [index for index, why in by_index.items() if Why.UNSURE in why] == [0, 1, 2]
    longest = {index for index, why in by_index.items() if Why.LONGEST in why}
    assert longest <= set(range(20, 40))
    assert len(longest) == 4
    assert list(by_index) == sorted(by_index)


def test_a_stretch_is_heard_at_its_strongest_segment() -> None:
    segments = [scored(0, 0, 9, "sad", 0.5), scored(1, 9, 12, "sad", 0.9), scored(2, 12, 20, "sad", 0.6)]
    (key,) = [key for key in found(segments).key_segments if Why.LONGEST in [reason.why for reason in key.reasons]]
    assert key.result.segment.index == 1
    (stretch,) = [reason.stretch for reason in key.reasons if reason.stretch]
    assert (stretch.start, stretch.end) == (0, 20 * SAMPLE_RATE)


def test_stretches_that_are_neutral_or_unknown_are_not_among_the_longest() -> None:
    segments = [scored(0, 0, 50, "neutral", 0.9), scored(1, 60, 90, "angry", 0.2), scored(2, 95, 99, "sad", 0.8)]
    by_index = reasons(found(segments, min_confidence=0.3))
    assert [index for index, why in by_index.items() if Why.LONGEST in why] == [2]


def test_gaps_are_told_by_their_reason() -> None:
    segments = [skipped(0, 0, 5), scored(1, 5, 9, "sad", 0.9), skipped(2, 9, 12), crashed(scored(3, 12, 13, "x", 1))]
    gaps = {gap.reason: [segment.index for segment in gap.segments] for gap in found(segments).gaps}
    assert gaps == {FailureCode.TIMEOUT: [0, 2], FailureCode.CRASH: [3]}


def test_flags_are_counted() -> None:
    assert found(call()).flags == ((SegmentFlag.CLIPPED, 1),)


def test_nothing_analysed_gives_no_findings() -> None:
    for segments in ([], [skipped(0, 0, 5)]):
        findings = found(list(segments))
        assert (findings.phases, findings.turns, findings.key_segments, findings.channels) == ((), (), (), [])
