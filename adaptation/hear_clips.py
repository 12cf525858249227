"""Labelled clips, of a folder or of the corrections in a service, as a model hears them."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
import soundfile

from adaptation.errors import NotAdaptable
from adaptation.labelled_sound import LabelledClip
from evaluation.clip_scorer import MISSING_FILE
from evaluation.clips import Clip
from shared.container import Services
from shared.domain.errors import AudioDeleted, ObjectDamaged, ObjectNotFound
from shared.domain.job import JobStatus
from shared.domain.options import JobOptions
from shared.domain.raw_sound import RawSound
from shared.domain.recording import RecordingWarning
from shared.domain.segment import SegmentResult
from shared.ports import JobFilter
from shared.services.job_reader import each_job
from worker.adapters.emotion2vec.calibration import Temperature
from worker.failures import failure_of
from worker.pipeline.errors import PipelineError
from worker.pipeline.inference import infer
from worker.pipeline.ports import EmotionModel, Samples
from worker.pipeline.prepare import Preparation
from worker.pipeline_builder import Pipeline

_SPEAKER = "speaker"
_AT_ONCE = 64
"""Clips that the model gets together."""

OnHeard = Callable[[int], object]
"""Called with the number of clips heard so far."""


@dataclass(frozen=True, slots=True)
class LabelledSegments:
    """The sound of a clip in segments [n] at 16 kHz, its label and its unit; a `reason` in place of sound."""

    label: str
    unit: str
    segments: Sequence[Samples] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class HeardClips:
    """The clips that were heard, and the number of those that were skipped, by reason."""

    clips: list[LabelledClip] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)


def read_folder(clips: Iterable[Clip], pipeline: Pipeline) -> Iterator[LabelledSegments]:
    """Yield the sound of the clips of a folder, cut as the service does. Without a speaker each is a unit."""
    for clip in clips:
        unit = clip.columns.get(_SPEAKER) or clip.file
        if not clip.path.is_file():
            yield LabelledSegments(clip.emotion, unit, reason=MISSING_FILE)
            continue
        try:
            with (
                clip.path.open("rb") as opened,
                pipeline.decoder.open(opened, raw=RawSound.from_name(clip.path.name)) as stream,
            ):
                preparation = Preparation(stream, JobOptions(channels="mix"), pipeline.detectors, pipeline.max_segments)
                segments = [cut.samples for cuts in preparation.clips() for cut in cuts]
        except (PipelineError, OSError) as error:
            yield LabelledSegments(clip.emotion, unit, reason=failure_of(error).code)
            continue
        yield LabelledSegments(clip.emotion, unit, segments, None if segments else RecordingWarning.NO_SPEECH)


def read_corrections(
    services: Services, speaker_key: str | None, label_map: Mapping[str, str]
) -> Iterator[LabelledSegments]:
    """Yield the corrected segments of a service's jobs.

    The unit is the value of `speaker_key` in the job's metadata, else the channel of the recording.
    """
    for job in each_job(services.jobs, JobFilter(status=JobStatus.SUCCEEDED, has_corrections=True)):
        speaker = job.options.metadata.get(speaker_key or "")
        for result in services.jobs.results(job.id):
            if result.correction:
                unit = speaker or f"{job.id} {result.segment.channel}"
                label = label_map.get(result.correction.emotion, result.correction.emotion)
                yield _read_segment(services, job.id, result, label, unit)


def _read_segment(services: Services, job_id: str, result: SegmentResult, label: str, unit: str) -> LabelledSegments:
    try:
        _, content = services.reader.segment_audio(job_id, result.segment.index)
    except (AudioDeleted, ObjectNotFound, ObjectDamaged) as error:
        return LabelledSegments(label, unit, reason=error.code)
    samples, _ = soundfile.read(io.BytesIO(content), dtype="int16")
    return LabelledSegments(label, unit, [samples])


def hear(
    labelled: Iterable[LabelledSegments], model: EmotionModel, temperature: Temperature | None, on_heard: OnHeard
) -> HeardClips:
    """Let the model hear clips, many at a time; `temperature` is undone, so that logits are linear in embeddings.

    Raises ModelUnavailable, and NotAdaptable without any clip.
    """
    heard, remaining = HeardClips(), iter(labelled)
    while batch := list(islice(remaining, _AT_ONCE)):
        heard.skipped.update(clip.reason for clip in batch if clip.reason)
        sounding = [clip for clip in batch if not clip.reason]
        inferences = iter(infer(model, [segment for clip in sounding for segment in clip.segments]))
        for clip in sounding:
            predictions = [inference.prediction for inference in islice(inferences, len(clip.segments))]
            frames = [prediction for prediction in predictions if prediction]
            if not frames:
                heard.skipped["bad_audio"] += 1
                continue
            weights = [len(prediction.logits) for prediction in frames]
            logits = []
            for prediction in frames:
                distance = np.array([prediction.unfamiliarity or 0.0], np.float32)
                divisor = temperature.divisors(distance)[0] if temperature else 1.0
                logits.append(prediction.logits.mean(axis=0, dtype=np.float64) * divisor)
            heard.clips.append(
                LabelledClip(
                    clip.label,
                    clip.unit,
                    np.average([prediction.embedding for prediction in frames], axis=0, weights=weights),
                    np.average(logits, axis=0, weights=weights),
                )
            )
        on_heard(len(heard.clips))
    if not heard.clips:
        reasons = ", ".join(f"{count} {reason}" for reason, count in heard.skipped.most_common())
        raise NotAdaptable(f"There is no labelled sound to learn from{f': {reasons}' if reasons else ''}.")
    return heard
