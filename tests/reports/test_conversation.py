"""The conversation in reports, and what is more than usual."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from reports import html, pdf
from reports.report_input import ReportInput
from reports.report_text import write_report_text
from reports.texts import TEXTS, Language
from shared.domain.emotion import Scores
from shared.domain.segment import SegmentOutcome, SegmentResult
from tests.support.pdf import pages
from tests.support.report_inputs import LANGUAGES, call, conversation, report_input
from tests.support.segment_results import scored

FIGURES = {
    "Talk time": ["01:30 (60 %)", "01:31 (40 %)"],
    "Longest monologue": ["00:23 (01:01–01:24)", "00:23 (01:01–01:24)"],  # noqa: RUF001
    "Turns": ["12", "13"],
    "Time to answer, median": ["0.8 s", "-0.2 s"],
    "Nine of ten answers within": ["2.0 s", "2.0 s"],
    "Interruptions of the other": ["0", "2"],
    "Short utterances, such as mhm": ["17", "17"],
    "Loudness, median": ["-23 dBFS", "-23 dBFS"],
}


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub("[\u2066-\u2069]", "", text))


def with_conversation(*measured: int) -> ReportInput:
    return replace(report_input(call()), conversation=conversation(measured))


def test_the_figures_stand_in_a_table_and_in_sentences() -> None:
    text = write_report_text(with_conversation(0, 1), "en").conversation
    assert text is not None
    assert [plain(name) for name in text.channels] == ["agent", "customer"]
    assert {row[0]: list(map(plain, row[1:])) for row in text.rows} == FIGURES
    assert list(map(plain, text.sentences[:3])) == [
        "Both talk at once for 0.5 s in all.",
        "Nobody talks for 00:33 in all, at the longest 01:40–01:47.",  # noqa: RUF001
        "After turns of customer that are angry, agent is: neutral 5, happy 1 (6 cases). Its score of neutral is then "
        "21 points of 100 higher than in its other answers.",
    ]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_pdf_and_html_have_all_of_it(lang: Language) -> None:
    report = with_conversation(0, 1)
    text = write_report_text(report, lang).conversation
    assert text is not None
    markup = plain(re.sub("<[^>]*>", " ", html.render(report, lang).decode()))
    printed = "".join(pages(pdf.render(report, lang))).replace(" ", "")
    for words in [
        TEXTS[lang].conversation,
        *text.channels,
        *(cell for row in text.rows for cell in row),
        *text.sentences,
    ]:
        assert plain(words) in markup
        assert plain(words).replace(" ", "") in printed


@pytest.mark.parametrize("lang", LANGUAGES)
def test_one_channel_has_facts_instead(lang: Language) -> None:
    text, texts = write_report_text(with_conversation(0), lang), TEXTS[lang]
    assert text.conversation is None
    facts = {fact.label: plain(fact.value) for fact in text.facts}
    assert (facts[texts.talk_time], facts[texts.silence_of_one]) == ("01:30", "00:33")
    assert facts[texts.longest_turn].startswith("00:23")
    assert texts.talk_time not in {fact.label for fact in write_report_text(with_conversation(0, 1), lang).facts}


def with_scores(result: SegmentResult, scores: Scores) -> SegmentResult:
    return replace(result, outcome=SegmentOutcome.scored(scores))


def test_a_channel_that_is_angrier_than_usual_has_a_sentence() -> None:
    angry = {number: 0.9 if number in (4, 5) else 0.1 for number in range(10)}
    segments = [
        with_scores(
            scored(number, 20.0 * number, 20.0 * number + 4, "angry", 1, 1), {"angry": score, "neutral": 1 - score}
        )
        for number, score in angry.items()
    ]
    (section,) = [
        each for each in write_report_text(report_input(segments), "en").narrative if "customer" in each.heading
    ]
    sentences = list(map(plain, section.sentences))
    expected = "More angry than usual for this channel: 01:20–01:44, in 00:08 of speech (90 % instead of 10 %)"  # noqa: RUF001
    assert expected in sentences
