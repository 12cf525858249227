"""Decode and cut a file like the service, and note the outcome."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from shared.domain.failure import FailureCode
from shared.domain.options import JobOptions, TrackOption
from shared.domain.raw_sound import RawSound
from worker.adapters.decoding.decoder import FfmpegDecoder
from worker.failures import failure_of
from worker.pipeline.errors import PipelineError
from worker.pipeline.ports import AudioStream
from worker.pipeline.prepare import Clip, Preparation
from worker.pipeline_builder import VOICE_DETECTORS

MOST_SEGMENTS = 50_000
Item = TypeVar("Item")
Output = TypeVar("Output")


@dataclass(frozen=True)
class FileOutcome:
    """The outcome of a file: `code` is None if it was read, `decoded` is in samples, `took_s` in seconds."""

    code: FailureCode | None
    decoded: int
    clips: list[Clip]
    took_s: float


@contextmanager
def opened(
    path: Path, decoder: FfmpegDecoder, track: TrackOption = None, raw: RawSound | None = None
) -> Iterator[AudioStream]:
    with path.open("rb") as file, decoder.open(file, track, raw) as stream:
        yield stream


def analyse_file(
    path: Path, decoder: FfmpegDecoder, track: TrackOption = None, raw: RawSound | None = None
) -> FileOutcome:
    """Decode and cut a file; errors that are not the pipeline's are raised."""
    started = time.monotonic()
    clips: list[Clip] = []
    decoded, code = 0, None
    try:
        with opened(path, decoder, track, raw) as stream:
            preparation = Preparation(stream, JobOptions(track=track), VOICE_DETECTORS, max_segments=MOST_SEGMENTS)
            for batch in preparation.clips():
                clips += batch
                decoded = preparation.decoded
    except PipelineError as error:
        code = failure_of(error).code
    return FileOutcome(code, decoded, clips, time.monotonic() - started)


def map_in_threads(work: Callable[[Item], Output], items: Iterable[Item]) -> Iterator[Output]:
    """Call `work` for each item on a thread per core, and yield the results in order."""
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        yield from threads.map(work, items)
