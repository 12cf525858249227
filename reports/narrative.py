"""The narrative of a recording: the course of each channel in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reports.findings import Findings
from reports.wording import Wording
from shared.domain.recording import SAMPLE_RATE
from shared.domain.timeline import ChannelSummary, Dominant, Result
from shared.findings.phases import Change
from shared.findings.quantity import quantity
from shared.findings.rises import Rise, find_rises

_MAX_TRANSITIONS = 3
_MAX_RISES = 3


@dataclass(frozen=True, slots=True)
class Section:
    """Sentences under a heading, each a point of a list."""

    heading: str
    sentences: list[str]


def write_narrative(result: Result, findings: Findings, words: Wording) -> list[Section]:
    """Write a section for each channel; none where nothing was analysed."""
    rises = find_rises(result)
    return [
        Section(
            words.channel(channel),
            [
                *course_sentences(channel, findings, words),
                *rise_sentences([rise for rise in rises if rise.channel == channel], words),
                *figure_sentences(channel, result, findings, words),
            ],
        )
        for channel in findings.channels
    ]


def course_sentences(channel: int, findings: Findings, words: Wording) -> Iterator[str]:
    """Yield a sentence for each phase of a channel, and for each change between them."""
    for phase in findings.phases:
        if phase.channel == channel:
            yield words.texts.phases[phase.quantity].format(
                span=words.span(phase.start, phase.end),
                emotion=words.emotion(phase.emotion),
                share=words.percent(phase.share),
                speech=words.short_time(phase.speech),
                confidence=words.percent(phase.confidence),
            )
    changes = [change for change in findings.changes if change.channel == channel]
    yield from [change_sentence(change, words) for change in changes] or [words.texts.no_change]


def change_sentence(change: Change, words: Wording) -> str:
    """Write a change: from one emotion to another, or the growth of one beside the other."""
    before, after = change.share_of(change.rising)
    template = words.texts.turn
    if change.before.emotion == change.after.emotion:
        template = words.texts.growth if after > before else words.texts.shift
    return template.format(
        time=words.time(change.time),
        source=words.emotion(change.before.emotion),
        target=words.emotion(change.after.emotion),
        rising=words.emotion(change.rising),
        before=words.percent(before),
        after=words.percent(after),
        strength=words.percent(change.strength),
    )


def rise_sentences(rises: Sequence[Rise], words: Wording) -> Iterator[str]:
    """Yield a sentence for each of the strongest rises of a channel, in order of time."""
    strongest = sorted(rises, key=lambda rise: -rise.strength)[:_MAX_RISES]
    for rise in rises:
        if rise in strongest:
            yield words.texts.rise.format(
                emotion=words.emotion(rise.emotion),
                span=words.span(rise.start, rise.end),
                speech=words.short_time(rise.speech),
                score=words.percent(rise.score),
                usual=words.percent(rise.usual),
            )


def figure_sentences(channel: int, result: Result, findings: Findings, words: Wording) -> Iterator[str]:
    """Yield the quarters, the worst minute, the peaks and the frequent transitions of a channel."""
    summary, texts = result.summary, words.texts
    quarters = [quarter for quarter in summary.by_quarter if quarter.channel == channel]
    for name, quarter in zip(texts.quarters, quarters, strict=True):
        yield (texts.quarter if quarter.share_by_emotion else texts.quiet_quarter).format(
            which=name,
            span=words.span(quarter.start, quarter.end),
            shares=words.shares(quarter.share_by_emotion),
            speech=words.short_time(quarter.speech),
        )
    if minute := findings.worst_minutes.get(channel):
        end = min(minute.start + 60 * SAMPLE_RATE, result.duration)
        yield texts.worst_minute.format(span=words.span(minute.start, end), share=words.percent(minute.share))
    for peak in summary.peaks:
        if peak.channel == channel:
            sentence = texts.peak.format(
                emotion=words.emotion(peak.emotion),
                where=words.span(peak.start, peak.end),
                score=words.percent(peak.score),
            )
            yield sentence[:1].upper() + sentence[1:]
    frequent = [change for change in summary.transitions if change.channel == channel and change.count > 1]
    for change in frequent[:_MAX_TRANSITIONS]:
        yield texts.transition.format(
            before=words.emotion(change.source), after=words.emotion(change.target), count=change.count
        )


def write_lead(result: Result, words: Wording) -> str:
    """Sum up a recording in a sentence, for each of several channels in one of its own."""
    summaries = result.summary.by_channel
    return words.texts.sentence_separator.join(
        lead_sentence(summary.dominant, words, summary if len(summaries) > 1 else None) for summary in summaries
    )


def lead_sentence(dominant: Dominant, words: Wording, channel: ChannelSummary | None) -> str:
    """Write the word of quantity for the dominant emotion, with the speech and the confidence that it rests on."""
    word = quantity(dominant.share, dominant.speech, dominant.confidence)
    sentence = words.texts.leads[word].format(
        emotion=words.emotion(dominant.emotion),
        share=words.percent(dominant.share),
        speech=words.short_time(dominant.speech),
        confidence=words.percent(dominant.confidence),
    )
    if channel is None:
        return sentence[:1].upper() + sentence[1:]
    return words.texts.lead_of_channel.format(channel=words.channel(channel.channel), sentence=sentence)
