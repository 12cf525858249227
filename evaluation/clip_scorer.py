"""Clips scored by the product's own pipeline: decoded, cut, analysed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluation.audio_files import read_audio
from evaluation.distortions import Samples
from shared.domain.emotion import Scores
from shared.domain.options import JobOptions, SegmentationOptions
from shared.domain.recording import RecordingWarning
from shared.domain.segment import SegmentResult
from worker.failures import failure_of
from worker.offline.analyze import analyze
from worker.pipeline.errors import ModelUnavailable, PipelineError
from worker.pipeline_builder import Pipeline

MISSING_FILE = "missing_file"


@dataclass(frozen=True, slots=True)
class ClipScores:
    """The scores of a clip, or the reason why it has none: a failure's code, `no_speech` or `missing_file`."""

    scores: Scores | None = None
    reason: str | None = None


class ClipScorer:
    """Scores clips one after the other, each mixed into one channel."""

    def __init__(self, pipeline: Pipeline, segmentation: SegmentationOptions) -> None:
        self._pipeline = pipeline
        self._options = JobOptions(channels="mix", segmentation=segmentation)

    def score(self, clip: Path) -> ClipScores:
        """Score a whole clip. Raises ModelUnavailable; every other failure is a reason."""
        if not clip.is_file():
            return ClipScores(reason=MISSING_FILE)
        try:
            analysis = analyze(clip, self._pipeline, self._options, clip.parent, lambda *_: None, save_segments=False)
        except ModelUnavailable:
            raise
        except (PipelineError, OSError) as error:
            return ClipScores(reason=failure_of(error).code)
        return _average(analysis.result.segments)

    def read(self, clip: Path) -> Samples:
        """Read the samples of a clip that has scores."""
        return read_audio(clip, self._pipeline.decoder)


def _average(segments: Sequence[SegmentResult]) -> ClipScores:
    """The mean of the segments' scores, weighted by their length, as the model itself averages over frames."""
    total: Counter[str] = Counter()
    for segment_result in segments:
        for emotion, score in (segment_result.outcome.scores or {}).items():
            total[emotion] += score * segment_result.segment.duration  # type: ignore[assignment]
    if total:
        weight = sum(total.values())
        return ClipScores({emotion: score / weight for emotion, score in total.items()})
    reasons = [segment_result.outcome.reason for segment_result in segments]
    return ClipScores(reason=reasons[0] if reasons else RecordingWarning.NO_SPEECH)
