"""TextGrid, read by praatio and by Praat itself, and ELAN's format, read by pympi and as the XML it is."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from praatio import textgrid

from exports.eaf import to_eaf
from exports.textgrid import to_textgrid
from shared.domain.recording import Recording
from shared.domain.timeline import Result
from tests.exports.recordings import HOSTILE, awkward, corrected, recording, result_of, scored
from tests.support.export_readers import Tiers, eaf_by_its_xml, eaf_by_pympi, textgrid_by_praat, textgrid_by_praatio

Write = Callable[[Recording, Result], bytes]
Read = Callable[[bytes, Path], Tiers]
AWKWARD: Tiers = {
    "agent": [(0, 2345, "angry"), (2345, 4000, "angry")],
    "agent (corrected)": [(0, 2345, "sad"), (7000, 8001, "fearful")],
    "customer": [(1001, 3003, "sad"), (39_000, 40_000, "happy")],
}
every_reader = pytest.mark.parametrize(
    ("write", "read"),
    [
        (to_textgrid, textgrid_by_praatio),
        (to_textgrid, textgrid_by_praat),
        (to_eaf, eaf_by_pympi),
        (to_eaf, eaf_by_its_xml),
    ],
)


@every_reader
def test_each_channel_has_a_tier_and_corrections_have_theirs(write: Write, read: Read, tmp_path: Path) -> None:
    assert read(write(recording("agent", "customer"), awkward()), tmp_path) == AWKWARD


@every_reader
@pytest.mark.parametrize("role", HOSTILE)
def test_a_tier_has_its_role_as_its_name_unchanged(write: Write, read: Read, role: str, tmp_path: Path) -> None:
    tiers = read(write(recording(role, "customer"), awkward()), tmp_path)
    assert tiers == {name.replace("agent", role): labels for name, labels in AWKWARD.items()}


@every_reader
def test_no_tier_takes_the_place_of_another_of_the_same_name(write: Write, read: Read, tmp_path: Path) -> None:
    result = result_of(corrected(scored(0, 0, 0, 1000, 1, 0, 0), "sad"), scored(1, 1, 0, 1000, 0, 1, 0))
    assert read(write(recording("channel 1"), result), tmp_path) == {
        "channel 1": [(0, 1000, "angry")],
        "channel 1 (corrected)": [(0, 1000, "sad")],
        "channel 1'": [(0, 1000, "happy")],
    }


@every_reader
def test_without_speech_there_is_an_empty_tier(write: Write, read: Read, tmp_path: Path) -> None:
    assert read(write(recording("agent"), result_of()), tmp_path) == {"agent": []}


def test_a_textgrid_covers_the_recording_without_gaps(tmp_path: Path) -> None:
    (tmp_path / "call.TextGrid").write_bytes(to_textgrid(recording("agent", "customer"), awkward()))
    grid = textgrid.openTextgrid(str(tmp_path / "call.TextGrid"), includeEmptyIntervals=True)
    for tier in grid.tiers:
        edges = [(entry.start, entry.end) for entry in tier.entries]
        assert (edges[0][0], edges[-1][1]) == (0, 40)
        assert all(before[1] == after[0] for before, after in pairwise(edges))


@pytest.mark.parametrize("name", ["call.mp3", "Gespräch 1 & 2 <x>.wav", "100%.flac", "客服.unheard"])
def test_elan_finds_the_recording_by_its_name(name: str) -> None:
    document = ElementTree.fromstring(to_eaf(recording("agent", filename=name), awkward()))
    (media,) = document.iter("MEDIA_DESCRIPTOR")
    assert unquote(media.attrib["RELATIVE_MEDIA_URL"]) == f"./{name}"
    assert media.attrib["MIME_TYPE"].startswith("audio/")
    assert [tier.attrib["PARTICIPANT"] for tier in document.iter("TIER")] == ["agent", "agent", "channel 1"]
