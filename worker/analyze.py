"""The pipeline in one process, without a server or a database: what `emoline analyze` does."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import soundfile

from shared.domain.options import JobOptions
from shared.domain.recording import SAMPLE_RATE, Recording
from shared.domain.segment import SegmentResult
from shared.domain.timeline import Result, aggregate
from worker.container import Pipeline
from worker.pipeline.inference import infer
from worker.pipeline.prepare import Clip, Preparation

_BATCHES_AT_ONCE = 2
"""While the model works on one, it is handed the next."""

OnProgress = Callable[[int, int | None, int], None]
"""Called with samples decoded, samples declared by the container (or None), and segments analysed."""


@dataclass(frozen=True, slots=True)
class Analysis:
    recording: Recording
    result: Result


def analyze(
    file: Path, pipeline: Pipeline, options: JobOptions, segments_dir: Path | None, on_progress: OnProgress
) -> Analysis:
    """Analyses a file; segments are kept as `NNN.wav` in `segments_dir` where one is given.

    Raises:
        PipelineError: the file cannot be decoded, or the model cannot run.
    """
    with pipeline.decoder.open(file) as stream:
        preparation = Preparation(stream, options, pipeline.detectors)
        found: list[SegmentResult] = []
        for batch in _batches(preparation, _BATCHES_AT_ONCE * pipeline.model.batch):
            if segments_dir:
                _save(batch, segments_dir)
            inferences = infer(pipeline.model, [clip.samples for clip in batch])
            found += [SegmentResult(clip.segment, own.outcome) for clip, own in zip(batch, inferences, strict=True)]
            on_progress(preparation.decoded, stream.format.duration, len(found))
        result = aggregate(
            found,
            duration=preparation.decoded,
            speech=preparation.speech,
            options=options.aggregation,
            model=pipeline.model.info,
        )
        return Analysis(preparation.describe(_recording(file)), result)


def _batches(preparation: Preparation, samples: int) -> Iterator[list[Clip]]:
    batch: list[Clip] = []
    for clips in preparation.clips():
        batch += clips
        if sum(len(clip.samples) for clip in batch) >= samples:
            yield batch
            batch = []
    yield batch


def _save(batch: list[Clip], directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for clip in batch:
        soundfile.write(directory / segment_file(clip.segment.index), clip.samples, SAMPLE_RATE)


def segment_file(index: int) -> str:
    return f"{index:03d}.wav"


def _recording(file: Path) -> Recording:
    with file.open("rb") as opened:
        sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
    return Recording(file.name, file.stat().st_size, sha256, source_key=str(file))
