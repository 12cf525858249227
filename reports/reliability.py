"""The limits of a result, in sentences: coverage, gaps with their reasons, corrections, flags and warnings."""

from __future__ import annotations

from collections.abc import Iterator

from reports.findings import Findings, Gap
from reports.report_input import ReportInput
from reports.wording import Wording
from shared.domain.recording import SAMPLE_RATE, clock
from shared.domain.timeline import Coverage
from shared.findings.time_account import TimeAccount

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
        yield account_sentence(findings.time, result.duration, words)
    for gap in findings.gaps:
        yield _gap_sentence(gap, len(result.segments), words)
    if findings.unsegmented_speech >= _AUDIBLE:
        yield texts.clicks.format(length=words.short_time(findings.unsegmented_speech))
    elif coverage.speech and not findings.gaps:
        yield texts.complete
    min_confidence = report_input.options.aggregation.min_confidence
    share_unknown = findings.share_under(min_confidence)
    if share_unknown:
        yield texts.unnamed.format(share=words.percent(share_unknown), least=words.percent(min_confidence))
    corrected = sum(1 for scored in findings.scored_segments if scored.replaced)
    if corrected:
        yield texts.corrected.format(count=corrected, total=len(findings.scored_segments))
    for flag, count in findings.flags:
        meaning = texts.flag_meanings[flag]
        yield texts.flagged.format(count=count, total=len(findings.scored_segments), meaning=meaning)
    for warning in report_input.recording.warnings:
        yield texts.warnings[warning]


def account_sentence(account: TimeAccount, duration: int, words: Wording) -> str:
    """Say where the time of a recording of `duration` samples went, in whole seconds that add up."""
    sound = account.channels * (duration // SAMPLE_RATE)
    analysed, missed = account.analysed // SAMPLE_RATE, account.missed // SAMPLE_RATE
    speech = account.analysed + account.missed
    template = words.texts.account if account.channels == 1 else words.texts.account_of_channels
    return template.format(
        length=clock(1000 * (duration // SAMPLE_RATE)),
        channels=account.channels,
        sound=clock(1000 * sound),
        analysed=clock(1000 * analysed),
        share=words.percent(account.analysed / speech),
        missed=clock(1000 * missed),
        silence=clock(1000 * max(0, sound - analysed - missed)),
    )


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
