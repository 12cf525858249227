"""Our segmentation of a file as in a worker. Imports no decoder library, so that its memory can be measured."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.domain.options import JobOptions, SegmentationOptions
from shared.settings import Settings
from worker.pipeline.prepare import OnActivity, Preparation
from worker.pipeline_builder import VOICE_DETECTORS, build_decoder


@contextmanager
def open_preparation(
    file: Path, options: SegmentationOptions, on_activity: OnActivity = lambda channel, activity: None
) -> Iterator[Preparation]:
    """Open a file for segmentation while the context lasts. Raises PipelineError."""
    settings = Settings()
    with file.open("rb") as opened, build_decoder(settings).open(opened) as stream:
        job = JobOptions(segmentation=options)
        yield Preparation(stream, job, VOICE_DETECTORS, settings.max_segments, on_activity)
