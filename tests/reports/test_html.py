"""The HTML as a parser sees it; tests/browser opens it in a browser."""

from __future__ import annotations

import re
from base64 import b64decode
from html.parser import HTMLParser
from time import perf_counter

import pytest

from reports.html import render
from reports.report_input import Subject
from reports.report_text import content
from reports.style import policy
from reports.texts import TEXTS, Language
from shared.domain.recording import RecordingWarning
from tests.reports.subjects import call, day, link, subject
from tests.reports.test_pdf import HOSTILE, LANGUAGES

_FETCHING = {"src", "href", "data", "action", "poster", "srcset", "background"}


class Read(HTMLParser):
    """The elements, addresses and words of a document."""

    def __init__(self, told: Subject, lang: Language = "en") -> None:
        super().__init__()
        self.source = render(told, lang).decode()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(self.source)
        self.text = re.sub(r"\s+", " ", re.sub("[\u2066-\u2069]", "", " ".join(self.words)))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def addresses(self) -> list[str]:
        return [value or "" for _, own in self.elements for name, value in own.items() if name in _FETCHING]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_says_everything_that_the_pdf_says(lang: Language) -> None:
    told = subject(call(), metadata={"case": "7"})
    said, read = content(told, lang), Read(told, lang)
    sentences = [said.lead, said.where_played, *said.gaps, *said.how, *said.limits]
    sentences += [word for fact in said.facts for word in (fact.label, fact.value)]
    sentences += [word for passage in said.passages for word in (*passage.sentences, passage.closing)]
    sentences += [word for row in said.key_segments for word in (row.time, row.emotion, row.confidence, row.why)]
    sentences += [cell for row in said.share_rows for cell in row.cells]
    for sentence in sentences:
        assert re.sub(r"\s+", " ", re.sub("[\u2066-\u2069]", "", sentence)) in read.text, sentence
    assert read.all("html") == [{"lang": TEXTS[lang].locale}]


def test_every_segment_is_listed_in_parts_that_are_closed_at_first() -> None:
    read = Read(subject(day(1203), seconds=24 * 3600))
    assert [attributes for attributes in read.all("details") if "open" in attributes] == []
    assert len(read.all("details")) == 3
    listed = read.source.split("<details", 1)[1]
    assert re.findall(r'<tr><td class="number">(\d+)</td>', listed) == [str(index) for index in range(1203)]
    assert "The model did not answer in time." in listed


def test_nothing_is_fetched_and_nothing_is_run() -> None:
    read = Read(subject(call(), clips={index: b"fLaC" * 100 for index in range(60)}))
    leads = {own["href"] for own in read.all("a")}
    assert leads <= {link(index) for index in range(60)}
    assert all(address.startswith("data:") for address in read.addresses if address not in leads)
    assert not read.all("script")
    assert not [own for _, own in read.elements if any(name.startswith("on") or name == "style" for name in own)]
    (allowed,) = [own["content"] for own in read.all("meta") if own.get("http-equiv")]
    assert allowed == policy()
    assert allowed
    assert allowed.startswith("default-src 'none'; style-src 'sha256-")


def test_sounds_are_inside_up_to_five_megabytes() -> None:
    told = subject(call(), clips={index: bytes([index]) * 700_000 for index in range(60)})
    sources = [own["src"] or "" for own in Read(told).all("audio")]
    assert 0 < sum(map(len, sources)) <= 5_000_200
    clips = [b64decode(source.removeprefix("data:audio/flac;base64,")) for source in sources]
    assert [clip[0] for clip in clips] == [row.index for row in content(told, "en").key_segments][: len(clips)]


def test_where_the_sound_was_deleted_it_says_so_and_offers_none() -> None:
    read = Read(subject(call(), audio_deleted=True))
    assert read.all("audio") == read.all("a") == []
    assert "were deleted, as their retention says" in read.text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_recording_without_speech_has_an_honest_short_file(lang: Language) -> None:
    read = Read(subject([], model=None, warnings=(RecordingWarning.NO_SPEECH,)), lang)
    assert TEXTS[lang].no_speech in read.text
    assert TEXTS[lang].limits[0] in read.text
    assert read.all("details") == read.all("audio") == read.all("img") == []


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_shown_as_they_are_and_never_obeyed(name: str) -> None:
    plain = Read(subject(call(), metadata={"case": "1"}))
    roles = (name[:64], "b") if name.isprintable() else ("a", "b")
    read = Read(subject(call(), filename=name, roles=roles, metadata={name: name}))
    assert [tag for tag, _ in read.elements] == [tag for tag, _ in plain.elements]
    for word in re.findall(r"[\w#</>()\"]+", name):
        if word.isascii() and len(word) < 25:
            assert word in read.text


def test_a_day_takes_seconds() -> None:
    told = subject(day(), seconds=24 * 3600)
    started = perf_counter()
    document = render(told, "en")
    assert perf_counter() - started < 10
    assert len(document) < 5_000_000
