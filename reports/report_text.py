"""A report in words and numbers, as both its forms show it: what one says, the other says too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reports.findings import Findings, KeySegment, Reason, Why, find
from reports.narrative import Passage, passages
from reports.palette import colour_of
from reports.reliability import coverage, gaps
from reports.report_input import Subject
from reports.texts import TEXTS, Language, Texts
from reports.timeline_picture import draw
from reports.wording import Wording, shown
from shared.domain.emotion import ModelInfo
from shared.domain.recording import ChannelMode, RecordingWarning
from shared.domain.segment import SegmentResult
from shared.domain.timeline import Shares

_DEMONSTRATION = "emoline/mini"
_SHORT_HASH = 16


@dataclass(frozen=True, slots=True)
class Fact:
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Share:
    """`part` is the share as a number, 0 to 1."""

    emotion: str
    colour: str
    part: float
    percent: str


@dataclass(frozen=True, slots=True)
class ShareRow:
    """The shares of a channel or a quarter, in the order of the columns; empty where there are none."""

    label: str
    cells: list[str]


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """A segment in a table. `why` says why it should be listened to, or why it was skipped."""

    index: int
    time: str
    channel: str
    emotion: str
    colour: str
    confidence: str
    why: str
    link: str | None


@dataclass(frozen=True, slots=True)
class SegmentPart:
    title: str
    rows: list[SegmentRow]


@dataclass(frozen=True, slots=True)
class Content:
    """`picture` is SVG. What comes after `lead` is empty where nothing was analysed, but for gaps and limits.

    `cloud` says in words what the word cloud shows.
    """

    texts: Texts
    recording: str
    facts: list[Fact]
    notice: str | None
    lead: str
    picture: str
    passages: list[Passage]
    key_segments: list[SegmentRow]
    where_played: str
    shares: list[Share]
    share_rows: list[ShareRow]
    cloud: str
    gaps: list[str]
    how: list[str]
    limits: list[str]


def content(subject: Subject, lang: Language) -> Content:
    """What the report of a subject says in a language."""
    return _Writer(subject, lang).content()


def segment_parts(subject: Subject, lang: Language, most: int) -> list[SegmentPart]:
    """All segments, in order of time, those that were skipped too: in parts of `most`."""
    writer = _Writer(subject, lang)
    segments = subject.result.segments
    return [writer.part(segments[start : start + most]) for start in range(0, len(segments), most)]


class _Writer:
    def __init__(self, subject: Subject, lang: Language) -> None:
        self.texts = TEXTS[lang]
        self.findings: Findings = find(subject.result, subject.options.aggregation.min_confidence)
        self._voices = {voice.segment.index: voice for voice in self.findings.voices}
        self._subject = subject
        self._words = Wording(self.texts, subject.recording)

    def content(self) -> Content:
        subject, summary = self._subject, self._subject.result.summary
        shares = list(self._shares(summary.share_by_emotion))
        words = self._words
        return Content(
            texts=self.texts,
            recording=shown(subject.recording.filename),
            facts=list(self._facts()),
            notice=self._notice(subject.result.model),
            lead=self._lead(),
            picture=draw(subject.result, self.findings, words, subject.duration) if shares else "",
            passages=passages(subject.result, self.findings, words),
            key_segments=[self._key_row(key) for key in self.findings.key_segments],
            where_played=self._where_played(),
            shares=shares,
            share_rows=list(self._share_rows()) if shares else [],
            cloud=self.texts.cloud.format(shares=self.texts.listed.join(f"{s.emotion} {s.percent}" for s in shares)),
            gaps=gaps(subject, self.findings, words),
            how=list(self._how()) if shares else [],
            limits=[*self.texts.limits, self.texts.law],
        )

    def _how(self) -> Iterator[str]:
        gap_s = self._subject.options.aggregation.gap_ms / 1000
        for text in self.texts.how:
            yield text.format(gap=f"{gap_s:g}\N{NO-BREAK SPACE}s")

    def part(self, results: Sequence[SegmentResult]) -> SegmentPart:
        first, last = results[0].segment, results[-1].segment
        title = self.texts.rows.format(first=first.index, last=last.index, span=self._words.span(first.start, last.end))
        return SegmentPart(title, [self._row_of_all(result) for result in results])

    def _row_of_all(self, result: SegmentResult) -> SegmentRow:
        reason = result.outcome.reason
        why = self.texts.reasons[reason] if reason else ", ".join(result.segment.flags)
        return self.row(self._voices.get(result.segment.index, result), why)

    def row(self, voice: SegmentResult, why: str) -> SegmentRow:
        segment, outcome = voice.segment, voice.outcome
        return SegmentRow(
            index=segment.index,
            time=self._words.span(segment.start, segment.end),
            channel=self._words.channel(segment.channel),
            emotion=self._words.emotion(outcome.emotion) if voice.ok else self.texts.skipped_row,
            colour=colour_of(outcome.emotion),
            confidence="" if outcome.confidence is None else self._words.percent(outcome.confidence),
            why=why,
            link=self._subject.sound.links.get(segment.index),
        )

    def _key_row(self, key: KeySegment) -> SegmentRow:
        why = self.texts.also.join(self._reason(reason, key.result) for reason in key.reasons)
        return self.row(key.result, why[:1].upper() + why[1:])

    def _reason(self, reason: Reason, result: SegmentResult) -> str:
        if reason.why is Why.UNSURE:
            return self.texts.unsure
        if reason.stretch is None:
            return self.texts.strongest.format(emotion=self._words.emotion(result.outcome.emotion))
        return self.texts.longest.format(span=self._words.span(reason.stretch.start, reason.stretch.end))

    def _facts(self) -> Iterator[Fact]:
        subject, texts = self._subject, self.texts
        yield Fact(texts.length, self._words.time(subject.duration))
        yield Fact(texts.channels, texts.listed.join(self._channels()))
        if subject.result.coverage.speech:
            yield Fact(texts.coverage, coverage(subject.result.coverage, self._words))
        if subject.analysed_at:
            yield Fact(texts.analysed_at, f"{subject.analysed_at:%Y-%m-%d %H:%M} UTC")
        if subject.result.model:
            yield from self._model(subject.result.model)
        if subject.job_id:
            yield Fact(texts.job, subject.job_id)
        for name, value in subject.options.metadata.items():
            yield Fact(shown(name), shown(value))

    def _model(self, model: ModelInfo) -> Iterator[Fact]:
        revision = [self.texts.revision.format(revision=shown(model.revision))] if model.revision else []
        yield Fact(self.texts.model, self.texts.listed.join([shown(model.id), *revision, model.precision]))
        yield Fact(self.texts.weights, model.sha256[:_SHORT_HASH])

    def _channels(self) -> Iterator[str]:
        recording, options = self._subject.recording, self._subject.options
        split = recording.channel_mode is ChannelMode.SPLIT
        for number in range(recording.channels or 1) if split else (0,):
            name = self._words.channel(number)
            left_out = split and options.analyse is not None and not self._is_asked_for(number, options.analyse)
            yield self.texts.not_analysed.format(channel=name) if left_out else name

    def _is_asked_for(self, number: int, analyse: tuple[int | str, ...]) -> bool:
        return number in analyse or self._subject.recording.role(number) in analyse

    def _notice(self, model: ModelInfo | None) -> str | None:
        if model and model.id == _DEMONSTRATION:
            return self.texts.demonstration
        return shown(model.notice) if model and model.notice else None

    def _lead(self) -> str:
        found = self._subject.result.dominant
        if found is None:
            silent = RecordingWarning.NO_SPEECH in self._subject.recording.warnings
            return self.texts.no_speech if silent else self.texts.nothing
        return (self.texts.lead if found.share > 0.5 else self.texts.mixed_lead).format(
            emotion=self._words.emotion(found.emotion),
            share=self._words.percent(found.share),
            confidence=self._words.percent(found.confidence),
        )

    def _where_played(self) -> str:
        sound, texts = self._subject.sound, self.texts
        if sound.deleted:
            return texts.audio_deleted
        if sound.place:
            return texts.links_play.format(url=sound.place)
        return texts.links_are_files if sound.links else texts.no_links

    def _shares(self, shares: Shares) -> Iterator[Share]:
        for name, part in shares.items():
            yield Share(self._words.emotion(name), colour_of(name), part, self._words.percent(part))

    def _share_rows(self) -> Iterator[ShareRow]:
        summary, words, texts = self._subject.result.summary, self._words, self.texts
        yield self._share_row(texts.whole, summary.share_by_emotion)
        if len(summary.by_channel) > 1:
            for own in summary.by_channel:
                yield self._share_row(words.channel(own.channel), own.share_by_emotion)
        for quarter in summary.by_quarter:
            yield self._share_row(words.span(quarter.start, quarter.end), quarter.share_by_emotion)

    def _share_row(self, label: str, shares: Shares) -> ShareRow:
        columns = self._subject.result.summary.share_by_emotion
        return ShareRow(label, [self._words.percent(shares[name]) if name in shares else "" for name in columns])
