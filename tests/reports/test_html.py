"""The HTML report, read by a parser; tests/browser opens it in a browser."""

from __future__ import annotations

import re
from base64 import b64decode
from html.parser import HTMLParser
from time import perf_counter

import pytest

from reports.html import render
from reports.report_input import ReportInput
from reports.report_text import write_report_text
from reports.style import content_security_policy
from reports.texts import TEXTS, Language
from shared.domain.recording import RecordingWarning
from tests.support.report_inputs import HOSTILE, LANGUAGES, call, day, link, report_input

_FETCHING = {"src", "href", "data", "action", "poster", "srcset", "background"}


class ParsedReport(HTMLParser):
    """The elements, addresses and words of a document."""

    def __init__(self, source: ReportInput, lang: Language = "en") -> None:
        super().__init__()
        self.markup = render(source, lang).decode()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(self.markup)
        self.text = re.sub(r"\s+", " ", re.sub("[\u2066-\u2069]", "", " ".join(self.words)))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def addresses(self) -> list[str]:
        return [
            value or "" for _, attributes in self.elements for name, value in attributes.items() if name in _FETCHING
        ]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_html_has_all_text_of_the_pdf(lang: Language) -> None:
    report = report_input(call(), metadata={"case": "7"})
    text, parsed = write_report_text(report, lang), ParsedReport(report, lang)
    sentences = [text.lead, text.audio_note, *text.gaps, *text.reading_notes, *text.limits]
    sentences += [word for fact in text.facts for word in (fact.label, fact.value)]
    sentences += [word for section in text.narrative for word in section.sentences]
    sentences += [word for row in text.key_segments for word in (row.time, row.emotion, row.confidence, row.why)]
    sentences += [cell for row in text.share_rows for cell in row.cells]
    for sentence in sentences:
        assert re.sub(r"\s+", " ", re.sub("[\u2066-\u2069]", "", sentence)) in parsed.text, sentence
    assert parsed.all("html") == [{"lang": TEXTS[lang].locale}]


def test_every_segment_is_listed_in_parts_that_are_closed_at_first() -> None:
    parsed = ParsedReport(report_input(day(1203), seconds=24 * 3600))
    assert [attributes for attributes in parsed.all("details") if "open" in attributes] == []
    assert len(parsed.all("details")) == 3
    table = parsed.markup.split("<details", 1)[1]
    assert re.findall(r'<tr><td class="number">(\d+)</td>', table) == [str(index) for index in range(1203)]
    assert "The model did not answer in time." in table


def test_nothing_is_fetched_and_nothing_is_run() -> None:
    parsed = ParsedReport(report_input(call(), clips={index: b"fLaC" * 100 for index in range(60)}))
    leads = {attributes["href"] for attributes in parsed.all("a")}
    assert leads <= {link(index) for index in range(60)}
    assert all(address.startswith("data:") for address in parsed.addresses if address not in leads)
    assert not parsed.all("script")
    assert not [
        attributes
        for _, attributes in parsed.elements
        if any(name.startswith("on") or name == "style" for name in attributes)
    ]
    (allowed,) = [attributes["content"] for attributes in parsed.all("meta") if attributes.get("http-equiv")]
    assert allowed == content_security_policy()
    assert allowed
    assert allowed.startswith("default-src 'none'; style-src 'sha256-")


def test_sounds_are_inside_up_to_five_megabytes() -> None:
    report = report_input(call(), clips={index: bytes([index]) * 700_000 for index in range(60)})
    sources = [attributes["src"] or "" for attributes in ParsedReport(report).all("audio")]
    assert 0 < sum(map(len, sources)) <= 5_000_200
    clips = [b64decode(source.removeprefix("data:audio/flac;base64,")) for source in sources]
    assert [clip[0] for clip in clips] == [row.index for row in write_report_text(report, "en").key_segments][
        : len(clips)
    ]


def test_after_deletion_of_the_audio_a_sentence_replaces_the_players() -> None:
    parsed = ParsedReport(report_input(call(), audio_deleted=True))
    assert parsed.all("audio") == parsed.all("a") == []
    assert "were deleted, as their retention says" in parsed.text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_recording_without_speech_has_an_honest_short_file(lang: Language) -> None:
    parsed = ParsedReport(report_input([], model=None, warnings=(RecordingWarning.NO_SPEECH,)), lang)
    assert TEXTS[lang].no_speech in parsed.text
    assert TEXTS[lang].limits[0] in parsed.text
    assert parsed.all("details") == parsed.all("audio") == parsed.all("img") == []


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_shown_as_they_are_and_never_obeyed(name: str) -> None:
    plain = ParsedReport(report_input(call(), metadata={"case": "1"}))
    roles = (name[:64], "b") if name.isprintable() else ("a", "b")
    parsed = ParsedReport(report_input(call(), filename=name, roles=roles, metadata={name: name}))
    assert [tag for tag, _ in parsed.elements] == [tag for tag, _ in plain.elements]
    for word in re.findall(r"[\w#</>()\"]+", name):
        if word.isascii() and len(word) < 25:
            assert word in parsed.text


def test_a_day_takes_seconds() -> None:
    report = report_input(day(), seconds=24 * 3600)
    started = perf_counter()
    document = render(report, "en")
    assert perf_counter() - started < 60
    assert len(document) < 5_000_000
