"""The text of a report in words and numbers. PDF and HTML share it, so both say the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reports.conversation import ConversationText, longest_turn, write_conversation
from reports.findings import Findings, KeySegment, ReasonKind, collect_findings
from reports.narrative import Section, write_lead, write_narrative
from reports.palette import colour_of
from reports.reliability import describe_gaps, format_coverage
from reports.report_input import ReportInput
from reports.texts import TEXTS, Language, Texts
from reports.timeline_picture import NARROW, WIDE, draw_timeline
from reports.wording import Wording, display_name
from shared.domain.recording import ChannelMode, RecordingWarning
from shared.domain.segment import SegmentResult
from shared.domain.timeline import Shares

_DEMONSTRATION_MODEL = "emoline/mini"
_HASH_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the table about the recording."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class EmotionShare:
    """The share of an emotion in the analysed speech: `part` as a number from 0 to 1, `percent` as text."""

    emotion: str
    colour: str
    part: float
    percent: str


@dataclass(frozen=True, slots=True)
class ShareRow:
    """The shares of a channel or a quarter, in the order of the columns; empty for emotions that it lacks."""

    label: str
    cells: list[str]


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """A segment in a table. `why` is the reason to listen to it or the reason why it was skipped, or its flags."""

    index: int
    time: str
    channel: str
    emotion: str
    colour: str
    confidence: str
    why: str
    link: str | None


@dataclass(frozen=True, slots=True)
class SegmentTablePart:
    """Consecutive segments of the table of all segments, under a title."""

    title: str
    rows: list[SegmentRow]


@dataclass(frozen=True, slots=True)
class ReportText:
    """All text of a report in one language.

    Where nothing was analysed, everything after `lead` is empty but for `audio_note`, gaps and limits. `timeline_svg`
    is a picture, and `narrow_timeline_svg` the same for phones. `word_cloud_description` is the text in place of the
    word cloud. The templates read these fields.
    """

    texts: Texts
    recording: str
    facts: list[Fact]
    notice: str | None
    lead: str
    timeline_svg: str
    narrow_timeline_svg: str
    narrative: list[Section]
    conversation: ConversationText | None
    key_segments: list[SegmentRow]
    audio_note: str
    shares: list[EmotionShare]
    share_rows: list[ShareRow]
    word_cloud_description: str
    gaps: list[str]
    reading_notes: list[str]
    limits: list[str]


def write_report_text(report_input: ReportInput, language: Language) -> ReportText:
    """Write the text of a report."""
    return _ReportWriter(report_input, language).report_text()


def segment_table_parts(report_input: ReportInput, language: Language, max_rows: int) -> list[SegmentTablePart]:
    """List all segments, skipped ones too, in order of time, in parts of at most `max_rows`."""
    writer = _ReportWriter(report_input, language)
    segments = report_input.result.segments
    return [writer.table_part(segments[start : start + max_rows]) for start in range(0, len(segments), max_rows)]


class _ReportWriter:
    def __init__(self, report_input: ReportInput, language: Language) -> None:
        self._input = report_input
        self._texts = TEXTS[language]
        self._words = Wording(self._texts, report_input.recording)
        self._findings: Findings = collect_findings(report_input.result)
        self._scored = {scored.segment.index: scored for scored in self._findings.scored_segments}

    def report_text(self) -> ReportText:
        texts, words, result = self._texts, self._words, self._input.result
        shares = [
            EmotionShare(words.emotion(name), colour_of(name), part, words.percent(part))
            for name, part in result.summary.share_by_emotion.items()
        ]
        pictures, reading_notes = ["", ""], []
        if shares:
            pictures = [
                draw_timeline(result, self._findings, words, self._input.duration, width) for width in (WIDE, NARROW)
            ]
            gap_s = self._input.options.aggregation.gap_ms / 1000
            reading_notes = [text.format(gap=f"{gap_s:g}\N{NO-BREAK SPACE}s") for text in texts.how]
        return ReportText(
            texts=texts,
            recording=display_name(self._input.recording.filename),
            facts=list(self.facts()),
            notice=self.notice(),
            lead=self.lead(),
            timeline_svg=pictures[0],
            narrow_timeline_svg=pictures[1],
            narrative=write_narrative(result, self._findings, words),
            conversation=write_conversation(self._input.conversation, words),
            key_segments=[self.key_row(key) for key in self._findings.key_segments],
            audio_note=self.audio_note(),
            shares=shares,
            share_rows=list(self.share_rows()) if shares else [],
            word_cloud_description=texts.cloud.format(
                shares=texts.separator.join(f"{share.emotion} {share.percent}" for share in shares)
            ),
            gaps=list(describe_gaps(self._input, self._findings, words)),
            reading_notes=reading_notes,
            limits=[*texts.limits, texts.law],
        )

    def facts(self) -> Iterator[Fact]:
        texts, words, result = self._texts, self._words, self._input.result
        yield Fact(texts.length, words.time(self._input.duration))
        yield Fact(texts.channels, texts.separator.join(self.channel_names()))
        if result.coverage.speech:
            yield Fact(texts.coverage, format_coverage(result.coverage, words))
        yield from self.monologue_facts()
        if self._input.analysed_at:
            yield Fact(texts.analysed_at, f"{self._input.analysed_at:%Y-%m-%d %H:%M} UTC")
        model = result.model
        if model:
            revision = [texts.revision.format(revision=display_name(model.revision))] if model.revision else []
            yield Fact(texts.model, texts.separator.join([display_name(model.id), *revision, model.precision]))
            yield Fact(texts.weights, model.sha256[:_HASH_DIGITS])
        options = self._input.options
        for label, statement in ((texts.purpose, options.purpose), (texts.legal_basis, options.legal_basis)):
            if statement:
                yield Fact(label, display_name(statement))
        if self._input.job_id:
            yield Fact(texts.job, self._input.job_id)
        for name, value in self._input.options.metadata.items():
            yield Fact(display_name(name), display_name(value))

    def monologue_facts(self) -> Iterator[Fact]:
        """Yield the facts of the conversation where it has one channel only."""
        conversation, texts, words = self._input.conversation, self._texts, self._words
        if conversation and len(conversation.channels) == 1:
            talk = conversation.channels[0]
            yield Fact(texts.talk_time, words.time(talk.talk))
            if conversation.silence is not None:
                yield Fact(texts.silence_of_one, words.time(conversation.silence))
            longest = longest_turn(talk, words)
            if longest:
                yield Fact(texts.longest_turn, longest)

    def channel_names(self) -> Iterator[str]:
        """Yield the name of each channel; a channel that the options leave out is marked."""
        recording, analyse = self._input.recording, self._input.options.analyse
        split = recording.channel_mode is ChannelMode.SPLIT
        for number in range(recording.channels or 1) if split else (0,):
            name = self._words.channel(number)
            analysed = not split or analyse is None or number in analyse or recording.role(number) in analyse
            yield name if analysed else self._texts.not_analysed.format(channel=name)

    def notice(self) -> str | None:
        model = self._input.result.model
        if model and model.id == _DEMONSTRATION_MODEL:
            return self._texts.demonstration
        return display_name(model.notice) if model and model.notice else None

    def lead(self) -> str:
        """Return the sentence that sums up the recording."""
        if self._input.result.dominant is None:
            silent = RecordingWarning.NO_SPEECH in self._input.recording.warnings
            return self._texts.no_speech if silent else self._texts.nothing
        return write_lead(self._input.result, self._words)

    def audio_note(self) -> str:
        """Return the sentence on links to the sound of segments."""
        audio, texts = self._input.audio, self._texts
        if audio.deleted:
            return texts.audio_deleted
        if audio.service_url:
            return texts.links_play.format(url=audio.service_url)
        return texts.links_are_files if audio.links else texts.no_links

    def key_row(self, key: KeySegment) -> SegmentRow:
        reasons: list[str] = []
        for reason in key.reasons:
            if reason.kind is ReasonKind.UNSURE:
                reasons.append(self._texts.unsure)
            elif reason.entry is None:
                reasons.append(self._texts.strongest.format(emotion=self._words.emotion(key.result.outcome.emotion)))
            else:
                reasons.append(self._texts.longest.format(span=self._words.span(reason.entry.start, reason.entry.end)))
        why = self._texts.reason_separator.join(reasons)
        return self.segment_row(key.result, why[:1].upper() + why[1:])

    def table_part(self, segments: Sequence[SegmentResult]) -> SegmentTablePart:
        first, last = segments[0].segment, segments[-1].segment
        span = self._words.span(first.start, last.end)
        rows: list[SegmentRow] = []
        for segment_result in segments:
            segment, reason = segment_result.segment, segment_result.outcome.reason
            notes: list[str] = [self._texts.reasons[reason]] if reason else list(segment_result.flags)
            if segment_result.replaced:
                emotion = self._words.emotion(segment_result.replaced.emotion)
                notes.append(self._texts.replaced.format(emotion=emotion))
            rows.append(self.segment_row(self._scored.get(segment.index, segment_result), ", ".join(notes)))
        return SegmentTablePart(self._texts.rows.format(first=first.index, last=last.index, span=span), rows)

    def segment_row(self, segment_result: SegmentResult, why: str) -> SegmentRow:
        segment, outcome = segment_result.segment, segment_result.outcome
        return SegmentRow(
            index=segment.index,
            time=self._words.span(segment.start, segment.end),
            channel=self._words.channel(segment.channel),
            emotion=self._words.emotion(outcome.emotion) if segment_result.ok else self._texts.skipped_row,
            colour=colour_of(outcome.emotion),
            confidence="" if outcome.confidence is None else self._words.percent(outcome.confidence),
            why=why,
            link=self._input.audio.links.get(segment.index),
        )

    def share_rows(self) -> Iterator[ShareRow]:
        summary, words = self._input.result.summary, self._words
        yield self.share_row(self._texts.whole, summary.share_by_emotion)
        if len(summary.by_channel) > 1:
            for channel in summary.by_channel:
                yield self.share_row(words.channel(channel.channel), channel.share_by_emotion)
        for quarter in summary.by_quarter:
            of_channel = [words.channel(quarter.channel)] if len(summary.by_channel) > 1 else []
            label = self._texts.separator.join([*of_channel, words.span(quarter.start, quarter.end)])
            yield self.share_row(label, quarter.share_by_emotion)

    def share_row(self, label: str, shares: Shares) -> ShareRow:
        columns = self._input.result.summary.share_by_emotion
        return ShareRow(label, [self._words.percent(shares[name]) if name in shares else "" for name in columns])
