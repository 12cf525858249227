"""The pipeline in one process, without a server or a database: what `emoline analyze` does."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from reports.heatmap_input import HeatmapData, HeatmapSize, collect_heatmap_data
from shared.domain.options import JobOptions
from shared.domain.recording import SAMPLE_RATE, Recording
from shared.domain.segment import SegmentResult
from shared.domain.timeline import Result, aggregate
from shared.frame_scores import Floats
from shared.waveform import Waveform
from worker.container import Pipeline
from worker.offline.segment_files import NumberedFiles, numbered
from worker.pipeline.inference import Inference, infer
from worker.pipeline.prepare import Clip, Preparation

_BATCHES_AT_ONCE = 2
"""While the model works on one, it is handed the next."""

OnProgress = Callable[[int, int | None, int], None]
"""Called with samples decoded, samples declared by the container (or None), and segments analysed."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """`logits` [frames, labels] are those of a scored segment's frames, by its index, if they were to be kept."""

    recording: Recording
    result: Result
    waveform: Waveform
    logits: Mapping[int, Floats]

    def picture(self) -> HeatmapData:
        """What its heat map shows, where the logits were kept."""
        scored = [found for found in self.result.segments if found.ok]
        labels = tuple(dict.fromkeys(label for found in scored for label in found.outcome.scores or ()))
        frames = ((found.segment, self.logits[found.segment.index]) for found in scored)
        return collect_heatmap_data(
            self.recording, self.result, labels, frames, self.waveform, duration=self.waveform.end, size=HeatmapSize()
        )


def analyze(
    file: Path,
    pipeline: Pipeline,
    options: JobOptions,
    out: Path,
    on_progress: OnProgress,
    *,
    save_segments: bool,
    clips: Path | None = None,
) -> Analysis:
    """Analyses a file; `out` gets `embeddings/NNN.npy` if the options, and `segments/NNN.wav` if the caller wants them.

    For a report, `clips` gets every segment as `NNN.flac`, and the logits are kept, 6 MB for an hour of speech. So
    they are where the options ask for scores of frames.

    Raises:
        PipelineError: the file cannot be decoded or lacks a channel that was to be analysed, or the model cannot run.
    """
    with file.open("rb") as opened, pipeline.decoder.open(opened) as stream:
        preparation = Preparation(stream, options, pipeline.detectors, pipeline.most_segments)
        kept = _Kept(out, options, save_segments, clips)
        found: list[SegmentResult] = []
        for batch in _batches(preparation, _BATCHES_AT_ONCE * pipeline.model.batch):
            sounds = [clip.samples for clip in batch]
            inferences = infer(pipeline.model, sounds, frame_embeddings=options.embeddings == "frame")
            for clip, inference in zip(batch, inferences, strict=True):
                kept.add(clip, inference)
                found.append(SegmentResult(clip.segment, inference.outcome))
            on_progress(preparation.decoded, stream.format.duration, len(found))
        kept.drop_earlier()
        result = aggregate(
            found,
            duration=preparation.decoded,
            speech=preparation.speech,
            options=options.aggregation,
            model=pipeline.model.info,
        )
        return Analysis(preparation.describe(_recording(file)), result, preparation.waveform(), kept.logits)


def _batches(preparation: Preparation, samples: int) -> Iterator[list[Clip]]:
    batch: list[Clip] = []
    for clips in preparation.clips():
        batch += clips
        if sum(len(clip.samples) for clip in batch) >= samples:
            yield batch
            batch = []
    yield batch


class _Kept:
    """What is kept of each segment besides its outcome, as far as it was asked for."""

    def __init__(self, out: Path, options: JobOptions, save_segments: bool, clips: Path | None) -> None:
        self._options = options
        self._keep_logits = clips is not None or options.granularity == "frame"
        self._clips = clips
        self._segments = NumberedFiles(out / "segments", ".wav") if save_segments else None
        self._embeddings = NumberedFiles(out / "embeddings", ".npy") if options.embeddings else None
        self.logits: dict[int, Floats] = {}

    def add(self, clip: Clip, inference: Inference) -> None:
        index, prediction = clip.segment.index, inference.prediction
        if self._segments:
            soundfile.write(self._segments.path(index), clip.samples, SAMPLE_RATE)
        if self._clips:
            soundfile.write(self._clips / numbered(index, ".flac"), clip.samples, SAMPLE_RATE)
        if prediction and self._keep_logits:
            self.logits[index] = prediction.logits
        embeddings = prediction.embeddings(self._options.embeddings) if prediction else None
        if self._embeddings and embeddings is not None:
            np.save(self._embeddings.path(index), embeddings, allow_pickle=False)

    def drop_earlier(self) -> None:
        for files in (self._segments, self._embeddings):
            if files:
                files.drop_earlier()


def _recording(file: Path) -> Recording:
    with file.open("rb") as opened:
        sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
    return Recording(file.name, file.stat().st_size, sha256, source_key=str(file))
