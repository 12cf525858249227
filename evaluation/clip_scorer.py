"""A clip through the product's own pipeline: decoded, cut, scored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluation.audio_files import read
from evaluation.distortions import Sound
from shared.domain.emotion import Scores
from shared.domain.options import JobOptions, SegmentationOptions
from shared.domain.recording import RecordingWarning
from shared.domain.segment import SegmentResult
from worker.container import Pipeline
from worker.failures import failure_of
from worker.offline.analyze import analyze
from worker.pipeline.errors import ModelUnavailable, PipelineError

MISSING_FILE = "missing_file"


@dataclass(frozen=True, slots=True)
class Heard:
    """The scores of a clip, or the reason why there are none: a failure's code, `no_speech` or `missing_file`."""

    scores: Scores | None = None
    reason: str | None = None


class Ear:
    """Hears clips one after the other, as one channel each."""

    def __init__(self, pipeline: Pipeline, segmentation: SegmentationOptions) -> None:
        self._pipeline = pipeline
        self._options = JobOptions(channels="mix", segmentation=segmentation)

    def hear(self, clip: Path) -> Heard:
        """What the model says of a whole clip. Raises ModelUnavailable."""
        if not clip.is_file():
            return Heard(reason=MISSING_FILE)
        try:
            analysis = analyze(clip, self._pipeline, self._options, clip.parent, lambda *_: None, save_segments=False)
        except ModelUnavailable:
            raise
        except (PipelineError, OSError) as error:
            return Heard(reason=failure_of(error).code)
        return _whole(analysis.result.segments)

    def sound(self, clip: Path) -> Sound:
        """The sound of a clip that was heard."""
        return read(clip, self._pipeline.decoder)


def _whole(segments: Sequence[SegmentResult]) -> Heard:
    """The mean of the segments' scores by their length, as the model's own mean over frames is."""
    total: Counter[str] = Counter()
    for found in segments:
        for emotion, score in (found.outcome.scores or {}).items():
            total[emotion] += score * found.segment.duration  # type: ignore[assignment]
    if total:
        weight = sum(total.values())
        return Heard({emotion: score / weight for emotion, score in total.items()})
    reasons = [found.outcome.reason for found in segments]
    return Heard(reason=reasons[0] if reasons else RecordingWarning.NO_SPEECH)
