"""Segmentation alone, without a model: `split_long_audio` for scripts, and `split` for `emoline split`."""

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
from worker.offline.segment_files import NumberedFiles
from worker.pipeline.cut_placement import Cut
from worker.pipeline.prepare import OnActivity, Preparation
from worker.pipeline.segmenter import SpeechActivity
from worker.pipeline_builder import VOICE_DETECTORS, build_decoder

_SIDECAR = "segments.json"
_PICTURES = ("segments.png", "segments-[0-9][0-9][0-9].png")

OnProgress = Callable[[int, int | None], None]
"""Called with samples decoded, and samples declared by the container (or None)."""


@dataclass(frozen=True, slots=True)
class SplitSegment:
    """A segment: its file, a WAV of 16 kHz, mono, int16, and its place [start_ms, end_ms) in the recording.

    Milliseconds are rounded down. The `flags` are explained in docs/flags.md.
    """

    path: Path
    channel: int
    start_ms: int
    end_ms: int
    flags: tuple[SegmentFlag, ...]


class CutSegment(NamedTuple):
    """A segment and the reason for its end."""

    segment: Segment
    cut: Cut


@dataclass(frozen=True, slots=True)
class Split:
    """The split of a recording: its `segments` [n] and their `files` [n], in order of start.

    `duration` and `speech`, which is summed over the channels, are in samples at 16 kHz.
    """

    files: list[SplitSegment]
    segments: list[CutSegment]
    duration: int
    speech: int
    warnings: tuple[RecordingWarning, ...]


class ActivityRecorder:
    """Collects the speech activity of each channel, in order: 1.8 MB for an hour."""

    def __init__(self) -> None:
        self.channels: dict[int, list[SpeechActivity]] = defaultdict(list)

    def add(self, channel: int, activity: SpeechActivity) -> None:
        """Add the next ten seconds of a channel; usable as `worker.pipeline.prepare.OnActivity`."""
        self.channels[channel].append(activity)


def split_long_audio(
    input_path: str | os.PathLike[str],
    output_dir: str | os.PathLike[str],
    max_duration: float = 25.0,
    min_silence_len: int = 300,
    silence_thresh: float = -40,
) -> list[SplitSegment]:
    """Cut a recording of any length at its pauses, in constant memory, and return its segments in order of start.

    `output_dir` gets `000.wav`, `001.wav`, … and `segments.json`, a list of their `index`, `file`, `channel`,
    `start_ms`, `end_ms` and `flags`; the segments of an earlier split of any recording are replaced. Two channels are
    cut separately if they carry different speakers. The settings `EMOLINE_MAX_DURATION_S` and
    `EMOLINE_DECODE_TIMEOUT_S` limit the length of the recording and the time to decode it.

    Args:
        input_path: the recording, in any format that the service accepts.
        output_dir: the folder for the segments; it is created if necessary.
        max_duration: the longest segment in seconds, 3 to 25.
        min_silence_len: the shortest pause in milliseconds, 100 to 800.
        silence_thresh: the level in dBFS below which there is silence, -60 to -20; it is lowered for quiet recordings.

    Raises:
        ValueError: an argument is out of its range.
        PipelineError: the recording cannot be decoded; a subclass in `worker.pipeline.errors` gives the reason.
        FileExistsError: `output_dir` contains numbered WAV files of another origin, or the recording itself.
        OSError: the recording cannot be read, or `output_dir` cannot be written.
    """
    segmentation = SegmentationOptions(
        max_ms=round(max_duration * 1000), min_silence_ms=min_silence_len, silence_db=silence_thresh
    )
    return split(Path(input_path), Path(output_dir), JobOptions(segmentation=segmentation), Settings()).files


def split(
    file: Path,
    out: Path,
    options: JobOptions,
    settings: Settings,
    on_progress: OnProgress = lambda decoded, declared: None,
    on_activity: OnActivity = lambda channel, activity: None,
) -> Split:
    """Write the segments of `file` and `segments.json` into `out`. Raises the errors of `split_long_audio`."""
    files = NumberedFiles(out, ".wav")
    segments: list[CutSegment] = []
    raw = options.raw_sound(file.name)
    with file.open("rb") as opened, build_decoder(settings).open(opened, raw=raw) as stream:
        _prepare_folder(out, files, file)
        preparation = Preparation(stream, options, VOICE_DETECTORS, settings.max_segments, on_activity)
        for clips in preparation.clips():
            for clip in clips:
                soundfile.write(files.path(clip.segment.index), clip.samples, SAMPLE_RATE)
                segments.append(CutSegment(clip.segment, clip.cut))
            on_progress(preparation.decoded, stream.format.duration)
        warnings = tuple(stream.warnings)
    files.delete_earlier()
    written = [
        SplitSegment(files.path(cut.index), cut.channel, to_ms(cut.start), to_ms(cut.end), cut.flags)
        for cut, _ in segments
    ]
    _write_sidecar(out, written)
    return Split(written, segments, preparation.decoded, preparation.speech, warnings)


def _prepare_folder(out: Path, files: NumberedFiles, recording: Path) -> None:
    """Create `out`, or take over the folder of an earlier split. Raises FileExistsError if recordings would be lost."""
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
