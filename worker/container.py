"""The composition root of the workers: adapters for the pipeline, and stages over the services."""

from __future__ import annotations

from dataclasses import dataclass

from shared.container import Services
from shared.ports import Queue
from shared.settings import Settings
from worker.adapters.decoding.decoder import FfmpegDecoder
from worker.adapters.emotion2vec.model import Emotion2vecModel
from worker.adapters.vad_silero import SileroVoiceDetector
from worker.adapters.vad_webrtc import WebRtcVoiceDetector
from worker.loops import RunOnce
from worker.pipeline.ports import AudioDecoder, VoiceDetectors
from worker.stages.finish import FinishStage
from worker.stages.infer import InferStage
from worker.stages.prepare import PrepareStage

VOICE_DETECTORS: VoiceDetectors = {"webrtc": WebRtcVoiceDetector, "silero": SileroVoiceDetector}


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What analyses sound. Close `model` when done."""

    decoder: AudioDecoder
    detectors: VoiceDetectors
    most_segments: int
    model: Emotion2vecModel


def build_decoder(settings: Settings) -> AudioDecoder:
    return FfmpegDecoder(settings.max_duration_s, settings.decode_timeout_s)


def build_pipeline(settings: Settings) -> Pipeline:
    """Raises ModelUnavailable when the model that the settings name cannot exist."""
    return Pipeline(
        decoder=build_decoder(settings),
        detectors=VOICE_DETECTORS,
        most_segments=settings.max_segments,
        model=Emotion2vecModel(
            settings.model,
            settings.device,
            settings.precision,
            segment_timeout_s=settings.segment_timeout_s,
            batch_s=settings.batch_audio_s,
        ),
    )


def stages(services: Services, pipeline: Pipeline) -> list[tuple[Queue, RunOnce]]:
    """Each kind of work.

    Two recordings are prepared at once, so that a long one does not hold up a short one. Two batches are in hand: the
    sound of one is fetched while the model, which takes one after the other, works on the other.
    """
    prepare = PrepareStage(services, pipeline.decoder, pipeline.detectors)
    infer = InferStage(services, pipeline.model)
    return [
        (Queue.PREPARE, prepare.run_once),
        (Queue.PREPARE, prepare.run_once),
        (Queue.INFER, infer.run_once),
        (Queue.INFER, infer.run_once),
        (Queue.FINISH, FinishStage(services).run_once),
    ]
