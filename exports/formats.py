"""The formats in which what came of a recording can be had for other programs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from exports.audacity import to_labels
from exports.csv import to_csv
from exports.eaf import to_eaf
from exports.jsonl import to_jsonl
from exports.parquet import to_parquet
from exports.rttm import to_rttm
from exports.subtitles import to_srt, to_vtt
from exports.textgrid import to_textgrid
from shared.domain.recording import Recording
from shared.domain.timeline import Result


class ExportFormat(StrEnum):
    """docs/exports.md says what is in each."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"
    SRT = "srt"
    VTT = "vtt"
    TEXTGRID = "textgrid"
    EAF = "eaf"
    RTTM = "rttm"
    AUDACITY = "audacity"


@dataclass(frozen=True, slots=True)
class Writer:
    """How a format is written; `suffix` is how the names of its files end."""

    suffix: str
    media_type: str
    write: Callable[[Recording, Result], bytes]


WRITERS: dict[ExportFormat, Writer] = {
    ExportFormat.CSV: Writer(".csv", "text/csv", to_csv),
    ExportFormat.JSONL: Writer(".jsonl", "application/jsonl", to_jsonl),
    ExportFormat.PARQUET: Writer(".parquet", "application/vnd.apache.parquet", to_parquet),
    ExportFormat.SRT: Writer(".srt", "application/x-subrip", to_srt),
    ExportFormat.VTT: Writer(".vtt", "text/vtt", to_vtt),
    ExportFormat.TEXTGRID: Writer(".TextGrid", "text/praat-textgrid", to_textgrid),
    ExportFormat.EAF: Writer(".eaf", "text/x-eaf+xml", to_eaf),
    ExportFormat.RTTM: Writer(".rttm", "text/plain", to_rttm),
    ExportFormat.AUDACITY: Writer(".txt", "text/plain", to_labels),
}
