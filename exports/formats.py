"""The formats in which results are exported, with their writers."""

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
class FormatWriter:
    """The writer of a format: `suffix` with its dot ends the names of its files, `write` returns a file's bytes."""

    suffix: str
    media_type: str
    write: Callable[[Recording, Result], bytes]


WRITERS: dict[ExportFormat, FormatWriter] = {
    ExportFormat.CSV: FormatWriter(".csv", "text/csv", to_csv),
    ExportFormat.JSONL: FormatWriter(".jsonl", "application/jsonl", to_jsonl),
    ExportFormat.PARQUET: FormatWriter(".parquet", "application/vnd.apache.parquet", to_parquet),
    ExportFormat.SRT: FormatWriter(".srt", "application/x-subrip", to_srt),
    ExportFormat.VTT: FormatWriter(".vtt", "text/vtt", to_vtt),
    ExportFormat.TEXTGRID: FormatWriter(".TextGrid", "text/praat-textgrid", to_textgrid),
    ExportFormat.EAF: FormatWriter(".eaf", "text/x-eaf+xml", to_eaf),
    ExportFormat.RTTM: FormatWriter(".rttm", "text/plain", to_rttm),
    ExportFormat.AUDACITY: FormatWriter(".txt", "text/plain", to_labels),
}
