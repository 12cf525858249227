"""How far the result may be trusted, in sentences: coverage, gaps with their reasons, and what limits the answers."""

from __future__ import annotations

from collections.abc import Iterator

from reports.findings import Findings, Gap
from reports.report_input import Subject
from reports.wording import Wording
from shared.domain.recording import SAMPLE_RATE
from shared.domain.segment import SegmentResult
from shared.domain.timeline import Coverage

_SPANS = 12
"""Gaps of one reason that are named one by one; all of them are in the table of the segments."""

_AUDIBLE = SAMPLE_RATE // 10
"""Less in no segment is what its bounds were rounded by."""


def coverage(found: Coverage, words: Wording) -> str:
    """How much of the speech that there is was analysed, as `98 % (1:02:03 / 1:03:20)`."""
    share = words.percent(found.analysed / found.speech)
    return f"{share} ({words.time(found.analysed)} / {words.time(found.speech)})"


def gaps(subject: Subject, findings: Findings, words: Wording) -> list[str]:
    """What was analysed, what was not and why, and what there is to know of the rest."""
    return list(_sentences(subject, findings, words))


def _sentences(subject: Subject, findings: Findings, words: Wording) -> Iterator[str]:
    texts, result = words.texts, subject.result
    if result.coverage.speech:
        yield _covered(result.coverage, findings, words)
    for gap in findings.gaps:
        yield _gap(gap, len(result.segments), words)
    if findings.clicks >= _AUDIBLE:
        yield texts.clicks.format(length=_seconds(findings.clicks, words))
    elif result.coverage.speech and not findings.gaps:
        yield texts.complete
    least = subject.options.aggregation.min_confidence
    unsure = _share_under(least, findings)
    if unsure:
        yield texts.unnamed.format(share=words.percent(unsure), least=words.percent(least))
    for flag, count in findings.flags:
        meaning = texts.flag_meanings[flag]
        yield texts.flagged.format(count=count, total=len(findings.voices), meaning=meaning)
    for warning in subject.recording.warnings:
        yield texts.warnings[warning]


def _covered(found: Coverage, findings: Findings, words: Wording) -> str:
    texts = words.texts
    return (texts.covered_channels if len(findings.channels) > 1 else texts.covered).format(
        analysed=words.time(found.analysed),
        speech=words.time(found.speech),
        share=words.percent(found.analysed / found.speech),
    )


def _gap(gap: Gap, total: int, words: Wording) -> str:
    texts = words.texts
    spans = texts.listed.join(words.span(segment.start, segment.end) for segment in gap.segments[:_SPANS])
    more = texts.more.format(count=len(gap.segments) - _SPANS) if len(gap.segments) > _SPANS else ""
    return texts.skipped.format(
        count=len(gap.segments),
        total=total,
        length=words.time(gap.speech),
        reason=texts.reasons[gap.reason],
        spans=spans + more,
    )


def _share_under(least: float, findings: Findings) -> float:
    """The share of the analysed time whose confidence is under `least`."""

    def time(voices: Iterator[SegmentResult]) -> int:
        return sum(voice.segment.duration for voice in voices)

    everything = time(iter(findings.voices))
    under = time(voice for voice in findings.voices if (voice.outcome.confidence or 0) < least)
    return under / everything if everything else 0.0


def _seconds(samples: int, words: Wording) -> str:
    """As `0.4 s`: less than clocks show."""
    return f"{samples / SAMPLE_RATE:.1f}\N{NO-BREAK SPACE}s" if samples < SAMPLE_RATE else words.time(samples)
