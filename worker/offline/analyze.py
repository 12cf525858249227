"""Analyse a file in one process, without a server or a database: `emoline analyze`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile

from reports.heatmap_input import HeatmapData, HeatmapSize, collect_heatmap_data
from shared.domain.options import JobOptions
from shared.domain.recording import SAMPLE_RATE, Recording, RecordingWarning, printable
from shared.domain.segment import SegmentResult, mostly_unfamiliar
from shared.domain.speaker_channels import segments_by_speaker, speech_by_segment
from shared.domain.timeline import Result, aggregate, confident
from shared.findings.channel_segments import split_channels
from shared.findings.conversation import Conversation, describe_conversation
from shared.frame_scores import Floats
from shared.waveform import Waveform
from worker.offline.segment_files import NumberedFiles, segment_filename
from worker.pipeline.inference import Inference, infer
from worker.pipeline.prepare import Clip, Preparation
from worker.pipeline_builder import Pipeline

_BATCHES_AT_ONCE = 2
"""The model gets the next batch while it works on one."""

OnProgress = Callable[[int, int | None, int], None]
"""Called with samples decoded, samples declared by the container (or None), and segments analysed."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """The analysis of a recording.

    `logits` holds by segment index the frame logits [frames, labels] of scored segments; it is empty unless they were
    requested.
    """

    recording: Recording
    result: Result
    waveform: Waveform
    conversation: Conversation
    logits: Mapping[int, Floats]

    def picture(self) -> HeatmapData:
        """The input of the heat map; needs the logits."""
        scored = [segment for segment in self.result.segments if segment.ok]
        labels = tuple(dict.fromkeys(label for segment in scored for label in segment.outcome.scores or ()))
        frames = ((scores.segment, self.logits[scores.segment.index]) for scores in scored)
        waveform = self.waveform
        if self.recording.speakers:
            waveform = waveform.by_speaker(each.segment for each in self.result.segments)
        return collect_heatmap_data(
            self.recording, self.result, labels, frames, waveform, duration=waveform.end, size=HeatmapSize()
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
    """Analyse a file.

    With embeddings in the options, `out` gets `embeddings/NNN.npy`; with `save_segments`, `segments/NNN.wav`. For a
    report, `clips` is a folder that gets every segment as `NNN.flac`. With `clips`, or with scores of frames in the
    options, the analysis has the logits, 6 MB for an hour of speech.

    Raises:
        PipelineError: the file cannot be decoded or lacks a channel to be analysed, or the model cannot run.
    """
    raw = options.raw_sound(file.name)
    with file.open("rb") as opened, pipeline.decoder.open(opened, options.track, raw) as stream:
        preparation = Preparation(stream, options, pipeline.detectors, pipeline.max_segments, encoder=pipeline.encoder)
        writer = _SegmentWriter(out, options, save_segments, clips)
        results: list[SegmentResult] = []
        for batch in _batches(preparation, _BATCHES_AT_ONCE * pipeline.model.batch):
            sounds = [clip.samples for clip in batch]
            inferences = infer(pipeline.model, sounds, frame_embeddings=options.embeddings == "frame")
            inferences = [inference.among(options.emotions) for inference in inferences]
            for clip, inference in zip(batch, inferences, strict=True):
                writer.write(clip, inference)
                results.append(SegmentResult(clip.segment, inference.outcome))
            on_progress(preparation.decoded, stream.format.duration, len(results))
        writer.delete_earlier()
        with file.open("rb") as content:
            sha256 = hashlib.file_digest(content, "sha256").hexdigest()
        stored = Recording(printable(file.name), file.stat().st_size, sha256, source_key=str(file))
        recording = preparation.describe(stored)
        speech_times = preparation.speech_times()
        if recording.speakers:
            numbers = zip(results, preparation.speaker_numbers, strict=True)
            results = segments_by_speaker(recording, [replace(each, speaker=number) for each, number in numbers])
            speech_times = speech_by_segment(speech_times, results)
        result = aggregate(
            results,
            duration=preparation.decoded,
            speech=preparation.speech,
            options=options.aggregation,
            model=pipeline.model.info,
            not_speech=preparation.not_speech,
        )
        analysed = confident(results, options.aggregation.min_confidence)
        if mostly_unfamiliar(analysed):
            recording = replace(recording, warnings=(*recording.warnings, RecordingWarning.UNFAMILIAR))
        conversation = describe_conversation(speech_times, split_channels(analysed), preparation.decoded)
        return Analysis(recording.by_speaker(), result, preparation.waveform(), conversation, writer.logits)


def _batches(preparation: Preparation, samples: int) -> Iterator[list[Clip]]:
    batch: list[Clip] = []
    for clips in preparation.clips():
        batch += clips
        if sum(len(clip.samples) for clip in batch) >= samples:
            yield batch
            batch = []
    yield batch


class _SegmentWriter:
    """Writes the requested files of each segment, and collects its logits if they were requested."""

    def __init__(self, out: Path, options: JobOptions, save_segments: bool, clips: Path | None) -> None:
        self._options = options
        self._keep_logits = clips is not None or options.granularity == "frame"
        self._clips = clips
        self._segments = NumberedFiles(out / "segments", ".wav") if save_segments else None
        self._embeddings = NumberedFiles(out / "embeddings", ".npy") if options.embeddings else None
        self.logits: dict[int, Floats] = {}

    def write(self, clip: Clip, inference: Inference) -> None:
        index, prediction = clip.segment.index, inference.prediction
        if self._segments:
            soundfile.write(self._segments.path(index), clip.samples, SAMPLE_RATE)
        if self._clips:
            soundfile.write(self._clips / segment_filename(index, ".flac"), clip.samples, SAMPLE_RATE)
        if prediction and self._keep_logits:
            self.logits[index] = prediction.logits
        embeddings = prediction.embeddings(self._options.embeddings) if prediction else None
        if self._embeddings and embeddings is not None:
            np.save(self._embeddings.path(index), embeddings, allow_pickle=False)

    def delete_earlier(self) -> None:
        """Delete the files that an earlier analysis left."""
        for files in (self._segments, self._embeddings):
            if files:
                files.delete_earlier()
