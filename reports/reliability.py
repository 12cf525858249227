"""The limits of a result, in sentences: coverage, gaps with their reasons, flags and warnings."""

from __future__ import annotations

from collections.abc import Iterator

from reports.findings import Findings, Gap
from reports.report_input import ReportInput
from reports.wording import Wording
from shared.domain.recording import SAMPLE_RATE
from shared.domain.timeline import Coverage

_MAX_SPANS = 12
"""Gaps of one reason that are named one by one; all of them are in the table of the segments."""

_AUDIBLE = SAMPLE_RATE // 10
"""Less unsegmented speech than this, in samples, comes from rounding the bounds of segments."""


def format_coverage(coverage: Coverage, words: Wording) -> str:
    """Format the analysed share of the detected speech, as `98 % (1:02:03 / 1:03:20)`."""
    share = words.percent(coverage.analysed / coverage.speech)
    return f"{share} ({words.time(coverage.analysed)} / {words.time(coverage.speech)})"


def describe_gaps(report_input: ReportInput, findings: Findings, words: Wording) -> Iterator[str]:
    """Yield a sentence on the coverage, one for each kind of gap, and one for each other limit of the result."""
    texts, result = words.texts, report_input.result
    coverage = result.coverage
    if coverage.speech:
        template = texts.covered_channels if len(findings.channels) > 1 else texts.covered
        share = words.percent(coverage.analysed / coverage.speech)
        yield template.format(analysed=words.time(coverage.analysed), speech=words.time(coverage.speech), share=share)
    for gap in findings.gaps:
        yield _gap_sentence(gap, len(result.segments), words)
    if findings.unsegmented_speech >= _AUDIBLE:
        yield texts.clicks.format(length=words.short_time(findings.unsegmented_speech))
    elif coverage.speech and not findings.gaps:
        yield texts.complete
    if coverage.not_speech >= _AUDIBLE:
        yield texts.tones.format(length=words.short_time(coverage.not_speech))
    min_confidence = report_input.options.aggregation.min_confidence
    share_unknown = findings.share_under(min_confidence)
    if share_unknown:
        yield texts.unnamed.format(share=words.percent(share_unknown), least=words.percent(min_confidence))
    for flag, count in findings.flags:
        meaning = texts.flag_meanings[flag]
        yield texts.flagged.format(count=count, total=len(findings.scored_segments), meaning=meaning)
    for warning in report_input.recording.warnings:
        yield texts.warnings[warning]


def _gap_sentence(gap: Gap, segment_count: int, words: Wording) -> str:
    texts = words.texts
    spans = texts.separator.join(words.span(segment.start, segment.end) for segment in gap.segments[:_MAX_SPANS])
    hidden = len(gap.segments) - _MAX_SPANS
    return texts.skipped.format(
        count=len(gap.segments),
        total=segment_count,
        length=words.time(gap.speech),
        reason=texts.reasons[gap.reason],
        spans=spans + (texts.and_more.format(count=hidden) if hidden > 0 else ""),
    )
