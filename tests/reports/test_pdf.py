"""The text of the PDF report, read back and compared with the result."""

# ruff: noqa: RUF001  # the dashes of spans, and Chinese punctuation

from __future__ import annotations

import re
from collections.abc import Iterable
from time import perf_counter

import pypdfium2
import pytest
from fontTools.ttLib import TTFont

from reports import fonts
from reports.findings import collect_findings
from reports.pdf import render
from reports.report_input import ReportInput
from reports.texts import TEXTS, Language
from shared.domain.failure import SEGMENT_REASONS
from shared.domain.recording import RecordingWarning, clock, to_ms
from shared.domain.segment import SegmentFlag
from tests.support.pdf import links, pages
from tests.support.report_inputs import HOSTILE, LANGUAGES, MODEL, call, day, link, report_input
from tests.support.segment_results import scored, skipped


def text_of(source: ReportInput, lang: Language = "en") -> str:
    return " ".join(pages(render(source, lang)))


def percents(shares: Iterable[float]) -> set[str]:
    return {"<1" if 0 < share < 0.005 else f"{100 * share:.0f}" for share in shares}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_report_has_exactly_the_shares_and_times_of_the_result(lang: Language) -> None:
    report = report_input(call())
    text, summary, result = text_of(report, lang), report.result.summary, report.result
    rows = [summary.share_by_emotion, *(channel.share_by_emotion for channel in summary.by_channel)]
    rows += [quarter.share_by_emotion for quarter in summary.by_quarter]
    findings = collect_findings(result)
    expected = percents(
        [
            *(share for row in rows for share in row.values()),
            *(each.outcome.confidence or 0 for each in result.segments),
            *(channel.dominant.confidence for channel in summary.by_channel),
            result.coverage.analysed / result.coverage.speech,
            *(number for phase in findings.phases for number in (phase.share, phase.confidence)),
            *(change.strength for change in findings.changes),
            *(minute.share for minute in findings.worst_minutes.values()),
            *(limit / 100 for limit in (100, 95, 90, 50)),  # in the notes on how to read it
        ]
    )
    assert set(re.findall(r"(<?\d+) ?%", text)) <= expected
    assert percents(share for row in rows for share in row.values()) <= set(re.findall(r"(<?\d+) ?%", text))
    times = {clock(to_ms(at)) for each in result.segments for at in (each.segment.start, each.segment.end)}
    times |= {clock(60_000 * minute) for minute in range(11)} | {clock(150_000), clock(450_000)}
    dominants = [channel.dominant for channel in summary.by_channel]
    times |= {clock(to_ms(phase.speech)) for phase in findings.phases}
    times |= {clock(to_ms(dominant.speech)) for dominant in dominants}
    times |= {clock(to_ms(quarter.speech)) for quarter in summary.by_quarter}
    times |= {clock(to_ms(minute.start) + to) for minute in findings.worst_minutes.values() for to in (0, 60_000)}
    times |= {"20:00", "12:00"}
    times |= {clock(to_ms(result.coverage.analysed)), clock(to_ms(result.coverage.speech)), clock(0), "09:30"}
    assert set(re.findall(r"\d+(?::\d\d)+", text)) <= times


def test_the_narrative_is_in_sentences() -> None:
    text = text_of(report_input(call()))
    for sentence in (
        "agent: neutral throughout, 97 % of 04:00 of speech, with a mean confidence of 64 %.",
        "customer: mostly neutral, 66 % of 03:52 of speech, with a mean confidence of 66 %.",
        "00:00–09:48 neutral throughout (97 % of 04:00 of speech, mean confidence 64 %)",
        "No lasting change was found.",
        "03:30–06:38 angry throughout (100 % of 01:20 of speech, mean confidence 65 %)",
        "At 03:30 it turns from neutral to angry: 60 % of the score moved to other emotions.",
        "Third quarter, 05:00–07:30: angry 71 %, neutral 29 % of 00:56 of speech",
        "Neutral at its strongest: 09:50–09:58 (80 %)",
        "Angry at its strongest: 06:30–06:38 (70 %)",
        "Of 2 channels of 10:00, together 20:00, 07:52 are analysed speech (98 % of the speech), 00:08 speech that was "
        "not analysed, and 12:00 without speech.",
        "Skipped: 1 of 60 segments (00:08 of speech). The model did not answer in time. At 01:10–01:18",
        "1 of 59 segments: overdriven (clipped)",
        "acme/large, revision v7, fp32",
        "9f2c1e0a4b7d5c3e",
        "2026-11-23 09:30 UTC",
        "Article 5(1)(f)",
        "not what a person feels",
    ):
        assert sentence in text, sentence


def test_the_narrative_in_chinese() -> None:
    text = text_of(report_input(call()), "zh")
    for sentence in (
        "以中立为主，占 03:52 语音的 66%，平均置信度 66%。",
        "03:30–06:38 全程生气（占 01:20 语音的 100%，平均置信度 65%）",
        "03:30 由中立转为生气：60% 的得分转到了其他情绪。",
        "第三个四分之一，05:00–07:30：生气 71%，中立 29%，语音 00:56",
        "07:52 是得到分析的语音（占语音的 98%），00:08 是未分析的语音，12:00 没有语音。",
        "跳过：60 个片段中的 1 个（语音 00:08）。模型没有及时给出结果。位于 01:10–01:18",
        "第 5 条第 1 款 (f) 项",
    ):
        assert sentence in text, sentence


def test_key_segments_lead_to_their_sound() -> None:
    addresses = links(render(report_input(call()), "en"))
    assert set(addresses) <= {link(index) for index in range(60)}
    assert {link(0), link(30), link(39), link(59)} <= set(addresses)


def test_after_deletion_of_the_audio_a_sentence_replaces_the_links() -> None:
    document = render(report_input(call(), audio_deleted=True), "en")
    assert links(document) == []
    assert "were deleted, as their retention says" in " ".join(pages(document))


def test_segments_under_the_least_confidence_are_unknown() -> None:
    text = text_of(report_input([scored(0, 0, 30, "sad", 0.9), scored(1, 30, 40, "angry", 0.3)], min_confidence=0.5))
    assert "Left as unknown: 25 % of the analysed speech, where the confidence is under 50 %." in text
    assert "angry" not in text


def test_the_demonstration_model_is_labelled_as_such() -> None:
    mini = report_input(call(), model=type(MODEL)("emoline/mini", None, MODEL.sha256, MODEL.labels, "Small."))
    assert "a small demonstration model" in text_of(mini)
    assert "小型演示模型" in text_of(mini, "zh")
    foreign = report_input(call(), model=type(MODEL)("acme", None, MODEL.sha256, MODEL.labels, "Heard only Dutch."))
    assert "Heard only Dutch." in text_of(foreign)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", ["silence", "empty", "skipped"])
def test_a_recording_of_which_nothing_was_analysed_has_an_honest_short_report(lang: Language, kind: str) -> None:
    segments = [skipped(index, 10 * index, 10 * index + 8) for index in range(40)] if kind == "skipped" else []
    warnings = (RecordingWarning.NO_SPEECH,) if kind == "silence" else ()
    report = report_input(segments, model=None, warnings=warnings)
    printed, texts = pages(render(report, lang)), TEXTS[lang]
    assert len(printed) <= 2
    assert (texts.no_speech if kind == "silence" else texts.nothing) in printed[0]
    assert texts.shares not in " ".join(printed)
    if kind == "skipped":
        assert texts.and_more.format(count=28).strip() in " ".join(printed)


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_shown_as_they_are_and_never_obeyed(name: str) -> None:
    roles = (name[:64], "b") if name.isprintable() else ("a", "b")
    model = type(MODEL)(name[:90], None, MODEL.sha256, MODEL.labels, name[:90])
    text = text_of(report_input(call(), filename=name, roles=roles, metadata={name: name}, model=model))
    assert "root:" not in text
    letters = [word for word in re.findall(r"[\w#</>()\"]+", name) if word.isascii() and len(word) < 25]
    for word in letters:
        assert word in text, word
    assert "mostly neutral" in text


def test_chinese_names_are_printed_with_their_rarer_characters() -> None:
    assert "客户来电：婧鑫萱.wav" in text_of(report_input(call(), filename=HOSTILE[5]))


def test_every_character_of_our_own_texts_is_in_the_font() -> None:
    for weight in (fonts.REGULAR, fonts.BOLD):
        with TTFont(weight) as font:
            missing = {character for text in TEXTS.values() for character in repr(text)} - set(
                map(chr, font.getBestCmap())
            )
        assert missing == set()


def test_there_is_a_word_for_everything_that_a_result_may_hold() -> None:
    for texts in TEXTS.values():
        assert set(texts.reasons) == set(SEGMENT_REASONS)
        assert set(texts.flag_meanings) == set(SegmentFlag)
        assert set(texts.warnings) == set(RecordingWarning)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_day_is_a_few_pages_and_takes_seconds(lang: Language) -> None:
    report = report_input(day(), seconds=24 * 3600)
    started = perf_counter()
    document = render(report, lang)
    assert perf_counter() - started < 60
    assert len(pages(document)) <= 5
    assert len(document) < 1_000_000


def test_the_same_result_gives_the_same_bytes() -> None:
    assert render(report_input(call()), "zh") == render(report_input(call()), "zh")


def test_every_page_is_drawn_within_its_margins() -> None:
    for report in (
        report_input(call()),
        report_input(call(), filename="x" * 300),
        report_input(day(), seconds=24 * 3600),
    ):
        with pypdfium2.PdfDocument(render(report, "en")) as document:
            drawings = [page.render(scale=1, grayscale=True).to_numpy() for page in document]
        for drawn in drawings:
            margin = 40  # points; the text begins at 54
            assert drawn[:, :margin].min() == drawn[:, -margin:].min() == 255
            assert drawn.min() < 128
