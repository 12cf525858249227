"""Exports read back by the libraries of each field: times in milliseconds, labels and names as they show them."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import parselmouth
import pympi
import srt
import webvtt
from parselmouth.praat import call
from praatio import textgrid
from pyannote.database.util import load_rttm

Span = tuple[int, int, str]
Tiers = dict[str, list[Span]]


def srt_by_srt(content: bytes) -> list[Span]:
    millisecond = timedelta(milliseconds=1)
    captions = srt.parse(content.decode())
    return [(caption.start // millisecond, caption.end // millisecond, caption.content) for caption in captions]


def vtt_by_webvtt(content: bytes) -> list[Span]:
    cues = webvtt.from_string(content.decode()).captions
    return [(_milliseconds(cue.start), _milliseconds(cue.end), unescape(cue.raw_text)) for cue in cues]


def _milliseconds(clock: str) -> int:
    hours, minutes, seconds = clock.split(":")
    return round(3_600_000 * int(hours) + 60_000 * int(minutes) + 1000 * float(seconds))


def textgrid_by_praatio(content: bytes, folder: Path) -> Tiers:
    (folder / "call.TextGrid").write_bytes(content)
    grid = textgrid.openTextgrid(str(folder / "call.TextGrid"), includeEmptyIntervals=False, reportingMode="error")
    return {
        tier.name: [(round(1000 * entry.start), round(1000 * entry.end), entry.label) for entry in tier.entries]
        for tier in grid.tiers
    }


def textgrid_by_praat(content: bytes, folder: Path) -> Tiers:
    """Read with Praat itself, as a library."""
    (folder / "call.TextGrid").write_bytes(content)
    grid = parselmouth.read(str(folder / "call.TextGrid"))
    tiers = range(1, call(grid, "Get number of tiers") + 1)
    return {call(grid, "Get tier name", tier): _intervals(grid, tier) for tier in tiers}


def _intervals(grid: parselmouth.Data, tier: int) -> list[Span]:
    spans = [
        (
            round(1000 * call(grid, "Get start time of interval", tier, number)),
            round(1000 * call(grid, "Get end time of interval", tier, number)),
            call(grid, "Get label of interval", tier, number),
        )
        for number in range(1, call(grid, "Get number of intervals", tier) + 1)
    ]
    return [span for span in spans if span[2]]


def eaf_by_pympi(content: bytes, folder: Path) -> Tiers:
    (folder / "call.eaf").write_bytes(content)
    document = pympi.Eaf(folder / "call.eaf")
    return {name: sorted(document.get_annotation_data_for_tier(name)) for name in document.get_tier_names()}


def eaf_by_its_xml(content: bytes, _: Path) -> Tiers:
    document = ElementTree.fromstring(content)
    times = {slot.attrib["TIME_SLOT_ID"]: int(slot.attrib["TIME_VALUE"]) for slot in document.iter("TIME_SLOT")}
    return {
        tier.attrib["TIER_ID"]: [
            (times[label.attrib["TIME_SLOT_REF1"]], times[label.attrib["TIME_SLOT_REF2"]], str(label[0].text))
            for label in tier.iter("ALIGNABLE_ANNOTATION")
        ]
        for tier in document.iter("TIER")
    }


def rttm_by_pyannote(content: bytes, folder: Path) -> Tiers:
    """Read the turns by file."""
    (folder / "call.rttm").write_bytes(content)
    return {
        uri: [
            (round(1000 * turn.start), round(1000 * turn.end), name)
            for turn, _, name in annotation.itertracks(yield_label=True)
        ]
        for uri, annotation in load_rttm(folder / "call.rttm").items()
    }


def audacity_by_its_manual(content: bytes) -> list[Span]:
    """Read start, end and label of each line, with tabs between; a backslash begins a line of frequencies."""
    lines = content.decode().split("\n")
    assert lines.pop() == ""
    assert not [line for line in lines if line.startswith("\\")]
    fields = [line.split("\t") for line in lines]
    return [(round(1000 * float(start)), round(1000 * float(end)), label) for start, end, label in fields]
