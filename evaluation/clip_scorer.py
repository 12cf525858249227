"""Clips scored by the product's own pipeline: decoded, cut, analysed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

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
    """The scores of a clip, or the reason why it has none: a failure's code, `no_speech` or `missing_file`.

    A calibrated model gives `p_values` and `unfamiliarity` too: see `SegmentOutcome`.
    """

    scores: Scores | None = None
    reason: str | None = None
    p_values: Scores | None = None
    unfamiliarity: float | None = None


class ClipScorer:
    """Scores clips one after the other, each mixed into one channel."""

    def __init__(
        self, pipeline: Pipeline, segmentation: SegmentationOptions, emotions: tuple[str, ...] | None = None
    ) -> None:
        self._pipeline = pipeline
        self._options = JobOptions(channels="mix", segmentation=segmentation, emotions=emotions)

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
        scores = {emotion: score / weight for emotion, score in total.items()}
        return ClipScores(scores, None, *_average_calibration([each for each in segments if each.ok]))
    reasons = [segment_result.outcome.reason for segment_result in segments]
    return ClipScores(reason=reasons[0] if reasons else RecordingWarning.NO_SPEECH)


def _average_calibration(scored: Sequence[SegmentResult]) -> tuple[Scores | None, float | None]:
    """The means of p-values and unfamiliarity, weighted by length; None without a calibration."""
    weights = [each.segment.duration for each in scored]
    p_values = [each.outcome.p_values for each in scored if each.outcome.p_values]
    if len(p_values) < len(scored):
        return None, None
    names = p_values[0]
    means = {name: fmean([each[name] for each in p_values], weights) for name in names}
    return means, fmean([each.outcome.unfamiliarity or 0.0 for each in scored], weights)
