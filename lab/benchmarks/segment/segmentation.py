"""The measured code: our decoder, and our segmentation."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from lab.benchmarks.segment.clips import Span
from lab.benchmarks.segment.preparation import open_preparation
from shared.domain.options import SegmentationOptions, VoiceDetectorName
from shared.settings import Settings
from worker.pipeline.segmenter import SpeechActivity
from worker.pipeline.speech import HOP, STEP_MS, close_gaps, runs
from worker.pipeline_builder import build_decoder


@dataclass(frozen=True, slots=True)
class Segmented:
    """Spans in samples of the segments and of the detected speech.

    `first_s` is the time of the first segment in seconds after opening the file, None without segments.
    """

    segments: list[Span]
    speech: list[Span]
    first_s: float | None


def segment(file: Path, vad: VoiceDetectorName) -> Segmented:
    """Segment a recording of one channel. Raises PipelineError."""
    options = SegmentationOptions(vad=vad)
    activity: list[SpeechActivity] = []
    segments: list[Span] = []
    started, first_s = time.perf_counter(), None
    with open_preparation(file, options, lambda channel, part: activity.append(part)) as preparation:
        for clips in preparation.clips():
            if clips and first_s is None:
                first_s = time.perf_counter() - started
            segments.extend((clip.segment.start, clip.segment.end) for clip in clips)
    mask = np.concatenate([np.empty(0, np.bool_), *(part.speech for part in activity)])
    speech = [(start * HOP, end * HOP) for start, end in close_gaps(runs(mask), options.min_silence_ms // STEP_MS)]
    return Segmented(segments, speech, first_s)


def decode(file: Path) -> int:
    """Decode a file with our decoder and return its number of samples. Raises PipelineError."""
    with file.open("rb") as opened, build_decoder(Settings()).open(opened) as stream:
        return sum(len(block) for block in stream.blocks())


def decode_in_process(file: Path) -> int:
    """Decode a trusted file with PyAV alone, without process, pipe and resampling; return its number of samples."""
    with av.open(str(file)) as container:
        return sum(frame.samples for frame in container.decode(audio=0))
