from __future__ import annotations

from reports.findings import Findings, ReasonKind, collect_findings
from shared.domain.failure import FailureCode
from shared.domain.recording import SAMPLE_RATE
from shared.domain.segment import SegmentFlag, SegmentResult
from tests.support.report_inputs import call, crashed, report_input
from tests.support.segment_results import scored, skipped


def findings_of(segments: list[SegmentResult], min_confidence: float = 0.0) -> Findings:
    return collect_findings(report_input(segments, min_confidence=min_confidence).result)


def reasons(findings: Findings) -> dict[int, list[ReasonKind]]:
    return {key.result.segment.index: [reason.kind for reason in key.reasons] for key in findings.key_segments}


def test_each_channel_has_its_changes() -> None:
    turns = [
        (change.channel, change.time // SAMPLE_RATE, change.before.emotion, change.after.emotion)
        for change in findings_of(call()).changes
    ]
    assert turns == [(1, 210, "neutral", "angry"), (1, 410, "angry", "neutral")]


def test_the_strongest_of_each_emotion_the_longest_entries_and_the_least_certain_are_worth_hearing() -> None:
    by_index = reasons(findings_of(call()))
    # Confidence grows with the index.
    assert {59, 39, 30} <= {index for index, kinds in by_index.items() if ReasonKind.STRONGEST in kinds}
    assert [index for index, kinds in by_index.items() if ReasonKind.UNSURE in kinds] == [0, 1, 2]
    longest = {index for index, kinds in by_index.items() if ReasonKind.LONGEST in kinds}
    assert longest <= set(range(20, 40))
    assert len(longest) == 4
    assert list(by_index) == sorted(by_index)


def test_a_long_entry_is_heard_at_its_strongest_segment() -> None:
    segments = [scored(0, 0, 9, "sad", 0.5), scored(1, 9, 12, "sad", 0.9), scored(2, 12, 20, "sad", 0.6)]
    (key,) = [
        key
        for key in findings_of(segments).key_segments
        if ReasonKind.LONGEST in [reason.kind for reason in key.reasons]
    ]
    assert key.result.segment.index == 1
    (entry,) = [reason.entry for reason in key.reasons if reason.entry]
    assert (entry.start, entry.end) == (0, 20 * SAMPLE_RATE)


def test_entries_that_are_neutral_or_unknown_are_not_among_the_longest() -> None:
    segments = [scored(0, 0, 50, "neutral", 0.9), scored(1, 60, 90, "angry", 0.2), scored(2, 95, 99, "sad", 0.8)]
    by_index = reasons(findings_of(segments, min_confidence=0.3))
    assert [index for index, kinds in by_index.items() if ReasonKind.LONGEST in kinds] == [2]


def test_gaps_are_grouped_by_reason() -> None:
    segments = [skipped(0, 0, 5), scored(1, 5, 9, "sad", 0.9), skipped(2, 9, 12), crashed(scored(3, 12, 13, "x", 1))]
    gaps = {gap.reason: [segment.index for segment in gap.segments] for gap in findings_of(segments).gaps}
    assert gaps == {FailureCode.TIMEOUT: [0, 2], FailureCode.CRASH: [3]}


def test_flags_are_counted() -> None:
    assert findings_of(call()).flags == ((SegmentFlag.CLIPPED, 1),)


def test_nothing_analysed_gives_no_findings() -> None:
    for segments in ([], [skipped(0, 0, 5)]):
        findings = findings_of(list(segments))
        assert (findings.phases, findings.changes, findings.key_segments, findings.channels) == ((), (), (), [])
