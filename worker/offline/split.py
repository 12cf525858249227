"""Segmentation alone, without a model: `split_long_audio` for scripts, and what `emoline split` does."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import soundfile

from shared.domain.options import JobOptions, SegmentationOptions
from shared.domain.recording import SAMPLE_RATE, RecordingWarning, to_ms
from shared.domain.segment import Segment, SegmentFlag
from shared.settings import Settings
from worker.container import VOICE_DETECTORS, build_decoder
from worker.offline.segment_files import NumberedFiles
from worker.pipeline.cut_placement import Cut
from worker.pipeline.prepare import OnHeard, Preparation
from worker.pipeline.segmenter import Heard

_SIDECAR = "segments.json"
_PICTURES = ("segments.png", "segments-[0-9][0-9][0-9].png")

OnProgress = Callable[[int, int | None], None]
"""Called with samples decoded, and samples declared by the container (or None)."""


@dataclass(frozen=True, slots=True)
class SplitSegment:
    """A segment's file, a WAV of 16 kHz, mono, int16, and its place [start_ms, end_ms) in the recording.

    `path` goes wherever Python takes a path, `str(path)` where only a name will do. Milliseconds are rounded down. What
    the `flags` mean is in docs/flags.md.
    """

    path: Path
    channel: int
    start_ms: int
    end_ms: int
    flags: tuple[SegmentFlag, ...]


class CutSegment(NamedTuple):
    """A segment and why it ends where it does."""

    segment: Segment
    cut: Cut


@dataclass(frozen=True, slots=True)
class Split:
    """What came of a recording: `files` [n] of its `segments` [n], in order of start; `duration` and `speech`, summed
    over the channels, in samples at 16 kHz."""

    files: list[SplitSegment]
    segments: list[CutSegment]
    duration: int
    speech: int
    warnings: tuple[RecordingWarning, ...]


class Hearing:
    """Keeps what was heard of each channel, 100 values a second: 1.8 MB for an hour."""

    def __init__(self) -> None:
        self.channels: dict[int, list[Heard]] = defaultdict(list)

    def add(self, channel: int, heard: Heard) -> None:
        """`worker.pipeline.prepare.OnHeard`."""
        self.channels[channel].append(heard)


def split_long_audio(
    input_path: str | os.PathLike[str],
    output_dir: str | os.PathLike[str],
    max_duration: float = 25.0,
    min_silence_len: int = 300,
    silence_thresh: float = -40,
) -> list[SplitSegment]:
    """Cuts a recording of any length in its pauses, in constant memory.

    `output_dir` gets `000.wav`, `001.wav`, … and `segments.json`, a list of their `index`, `file`, `channel`,
    `start_ms`, `end_ms` and `flags`; the segments of an earlier split of any recording into it are replaced. The two
    channels of a recording are cut apart where they carry different voices. What is decoded at most, and how long that
    may take, is in the settings `EMOLINE_MAX_DURATION_S` and `EMOLINE_DECODE_TIMEOUT_S`.

    Args:
        max_duration: seconds that no segment is over, 3 to 25.
        min_silence_len: ms of the shortest pause, 100 to 800.
        silence_thresh: dBFS under which there is silence, -60 to -20; it is lowered for quiet recordings.

    Raises:
        ValueError: an argument is out of its range.
        PipelineError: one of `worker.pipeline.errors` says why the recording cannot be decoded.
        FileExistsError: `output_dir` has numbered WAV files that are not of an earlier split, or the recording itself.
        OSError: the recording cannot be read, or `output_dir` not be written.
    """
    cutting = SegmentationOptions(
        max_ms=round(max_duration * 1000), min_silence_ms=min_silence_len, silence_db=silence_thresh
    )
    return split(Path(input_path), Path(output_dir), JobOptions(segmentation=cutting), Settings()).files


def split(
    file: Path,
    out: Path,
    options: JobOptions,
    settings: Settings,
    on_progress: OnProgress = lambda decoded, declared: None,
    on_heard: OnHeard = lambda channel, heard: None,
) -> Split:
    """Writes the segments of `file` and their sidecar into `out`; raises what `split_long_audio` does."""
    files = NumberedFiles(out, ".wav")
    segments: list[CutSegment] = []
    with file.open("rb") as opened, build_decoder(settings).open(opened) as stream:
        _take_over(out, files, file)
        preparation = Preparation(stream, options, VOICE_DETECTORS, settings.max_segments, on_heard)
        for clips in preparation.clips():
            for clip in clips:
                soundfile.write(files.path(clip.segment.index), clip.samples, SAMPLE_RATE)
                segments.append(CutSegment(clip.segment, clip.cut))
            on_progress(preparation.decoded, stream.format.duration)
        warnings = tuple(stream.warnings)
    files.drop_earlier()
    written = [_written(segment, files) for segment, _ in segments]
    _write_sidecar(out, written)
    return Split(written, segments, preparation.decoded, preparation.speech, warnings)


def _take_over(out: Path, files: NumberedFiles, recording: Path) -> None:
    """Makes `out` a folder of this split, unless that would cost somebody their recordings."""
    earlier = files.earlier()
    if recording.resolve() in [path.resolve() for path in earlier]:
        raise FileExistsError(f"{recording} is where its segments would be written; choose another folder.")
    if earlier and not (out / _SIDECAR).is_file():
        raise FileExistsError(f"{earlier[0]} is not of an earlier split, and would be lost; choose another folder.")
    out.mkdir(parents=True, exist_ok=True)
    for pattern in _PICTURES:
        for picture in out.glob(pattern):
            picture.unlink()
    _write_sidecar(out, [])


def _written(segment: Segment, files: NumberedFiles) -> SplitSegment:
    path = files.path(segment.index)
    return SplitSegment(path, segment.channel, to_ms(segment.start), to_ms(segment.end), segment.flags)


def _write_sidecar(out: Path, segments: list[SplitSegment]) -> None:
    rows = [
        {
            "index": index,
            "file": segment.path.name,
            "channel": segment.channel,
            "start_ms": segment.start_ms,
            "end_ms": segment.end_ms,
            "flags": segment.flags,
        }
        for index, segment in enumerate(segments)
    ]
    (out / _SIDECAR).write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
