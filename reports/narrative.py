"""What happened when, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reports.findings import Findings
from reports.phases import Phase
from reports.wording import Wording
from shared.domain.timeline import Peak, QuarterSummary, Result

_CHANGES = 3
_THROUGHOUT = 0.995
"""A share that is written as 100 %."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Sentences under a heading, the `closing` after them."""

    heading: str
    sentences: list[str]
    closing: str = ""


def passages(result: Result, findings: Findings, words: Wording) -> list[Passage]:
    """A passage for each channel, and one for the whole; none where nothing was analysed."""
    if not findings.voices:
        return []
    overall = Passage(words.texts.overall, list(_overall(result, findings, words)))
    return [*(_channel(channel, findings, words) for channel in findings.channels), overall]


def _channel(channel: int, findings: Findings, words: Wording) -> Passage:
    sentences = [_phase(phase, words) for phase in findings.phases if phase.channel == channel]
    turns = [
        words.texts.turn.format(
            time=words.time(turn.at), before=words.emotion(turn.before), after=words.emotion(turn.after)
        )
        for turn in findings.turns
        if turn.channel == channel
    ]
    return Passage(words.channel(channel), sentences, " ".join(turns) or words.texts.no_turn)


def _phase(phase: Phase, words: Wording) -> str:
    texts = words.texts
    how = texts.mixture
    if phase.share > 0.5:
        how = texts.throughout if phase.share >= _THROUGHOUT else texts.mostly
    return how.format(
        span=words.span(phase.start, phase.end), emotion=words.emotion(phase.emotion), share=words.percent(phase.share)
    )


def _overall(result: Result, findings: Findings, words: Wording) -> Iterator[str]:
    summary, texts = result.summary, words.texts
    if len(summary.by_channel) > 1:
        for own in summary.by_channel:
            yield texts.of_channel.format(channel=words.channel(own.channel), shares=words.shares(own.share_by_emotion))
    for which, quarter in zip(texts.quarters, summary.by_quarter, strict=True):
        yield _quarter(which, quarter, words)
    for peak in summary.peaks:
        yield _peak(peak, findings, words)
    for change in [change for change in summary.transitions if change.count > 1][:_CHANGES]:
        yield texts.change.format(
            before=words.emotion(change.source), after=words.emotion(change.target), count=change.count
        )


def _quarter(which: str, quarter: QuarterSummary, words: Wording) -> str:
    span = words.span(quarter.start, quarter.end)
    if not quarter.share_by_emotion:
        return words.texts.quiet_quarter.format(which=which, span=span)
    return words.texts.quarter.format(which=which, span=span, shares=words.shares(quarter.share_by_emotion))


def _peak(peak: Peak, findings: Findings, words: Wording) -> str:
    where = words.span(peak.start, peak.end)
    if len(findings.channels) > 1:
        channel = next(voice.segment.channel for voice in findings.voices if voice.segment.index == peak.index)
        where = words.texts.listed.join([where, words.channel(channel)])
    sentence = words.texts.peak.format(
        emotion=words.emotion(peak.emotion), where=where, score=words.percent(peak.score)
    )
    return sentence[:1].upper() + sentence[1:]
