"""The narrative of a recording: its course in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reports.findings import Findings
from reports.phases import Phase
from reports.wording import Wording
from shared.domain.timeline import Peak, Result
from shared.findings.rises import Rise, find_rises

_MAX_CHANGES = 3
_MAX_RISES = 3
_THROUGHOUT = 0.995
"""The least share that is written as 100 %."""


@dataclass(frozen=True, slots=True)
class Section:
    """Sentences under a heading, each a point of a list; `closing` is the text after the list."""

    heading: str
    sentences: list[str]
    closing: str = ""


def write_narrative(result: Result, findings: Findings, words: Wording) -> list[Section]:
    """Write a section for each channel and one for the whole; none where nothing was analysed."""
    if not findings.scored_segments:
        return []
    overall = Section(words.texts.overall, list(_overall_sentences(result, findings, words)))
    rises = find_rises(result.segments)
    return [*(_channel_section(channel, findings, rises, words) for channel in findings.channels), overall]


def _channel_section(channel: int, findings: Findings, rises: Sequence[Rise], words: Wording) -> Section:
    sentences = [_phase_sentence(phase, words) for phase in findings.phases if phase.channel == channel]
    strongest = sorted((rise for rise in rises if rise.channel == channel), key=lambda rise: -rise.strength)
    sentences += [rise_sentence(rise, words) for rise in rises if rise in strongest[:_MAX_RISES]]
    turns = [
        words.texts.turn.format(
            time=words.time(turn.time),
            before=words.emotion(turn.emotion_before),
            after=words.emotion(turn.emotion_after),
        )
        for turn in findings.turning_points
        if turn.channel == channel
    ]
    return Section(words.channel(channel), sentences, " ".join(turns) or words.texts.no_turn)


def _phase_sentence(phase: Phase, words: Wording) -> str:
    texts = words.texts
    template = texts.mixture
    if phase.share > 0.5:
        template = texts.throughout if phase.share >= _THROUGHOUT else texts.mostly
    return template.format(
        span=words.span(phase.start, phase.end), emotion=words.emotion(phase.emotion), share=words.percent(phase.share)
    )


def rise_sentence(rise: Rise, words: Wording) -> str:
    """Write that a channel shows more of an emotion than usual."""
    return words.texts.rise.format(
        emotion=words.emotion(rise.emotion),
        span=words.span(rise.start, rise.end),
        speech=words.time(rise.speech),
        score=words.percent(rise.score),
        usual=words.percent(rise.usual),
    )


def _overall_sentences(result: Result, findings: Findings, words: Wording) -> Iterator[str]:
    summary, texts = result.summary, words.texts
    if len(summary.by_channel) > 1:
        for channel in summary.by_channel:
            yield texts.of_channel.format(
                channel=words.channel(channel.channel), shares=words.shares(channel.share_by_emotion)
            )
    for name, quarter in zip(texts.quarters, summary.by_quarter, strict=True):
        template = texts.quarter if quarter.share_by_emotion else texts.quiet_quarter
        span = words.span(quarter.start, quarter.end)
        yield template.format(which=name, span=span, shares=words.shares(quarter.share_by_emotion))
    for peak in summary.peaks:
        yield _peak_sentence(peak, findings, words)
    for change in [change for change in summary.transitions if change.count > 1][:_MAX_CHANGES]:
        yield texts.change.format(
            before=words.emotion(change.source), after=words.emotion(change.target), count=change.count
        )


def _peak_sentence(peak: Peak, findings: Findings, words: Wording) -> str:
    where = words.span(peak.start, peak.end)
    if len(findings.channels) > 1:
        channel = next(each.segment.channel for each in findings.scored_segments if each.segment.index == peak.index)
        where = words.texts.separator.join([where, words.channel(channel)])
    sentence = words.texts.peak.format(
        emotion=words.emotion(peak.emotion), where=where, score=words.percent(peak.score)
    )
    return sentence[:1].upper() + sentence[1:]
