"""The composition root of the workers: adapters for the pipeline, and stages over the services."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event

from shared.adapters.outgoing_http import Outgoing
from shared.container import Services
from shared.ports import Queue
from shared.settings import Settings
from worker.adapters.decoding.decoder import FfmpegDecoder
from worker.adapters.downloader import HttpDownloader
from worker.adapters.emotion2vec.model import Emotion2vecModel
from worker.adapters.silero_vad import SileroVoiceDetector
from worker.adapters.webhook_sender import WebhookSender
from worker.adapters.webrtc_vad import WebRtcVoiceDetector
from worker.pipeline.ports import AudioDecoder, EmotionModel, VoiceDetectors
from worker.queue_task import Work
from worker.stages.deliver import DeliverStage
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


def build_model(settings: Settings) -> Emotion2vecModel:
    """Close it when done. Raises ModelUnavailable when the model that the settings name cannot exist."""
    return Emotion2vecModel(
        settings.model,
        settings.device,
        settings.precision,
        segment_timeout_s=settings.segment_timeout_s,
        batch_s=settings.batch_audio_s,
    )


def build_pipeline(settings: Settings) -> Pipeline:
    """Raises ModelUnavailable."""
    return Pipeline(build_decoder(settings), VOICE_DETECTORS, settings.max_segments, build_model(settings))


def prepare_work(services: Services, decoder: AudioDecoder, stop: Event) -> Work:
    """Two recordings are prepared at once, so that a long one does not hold up a short one."""
    downloader = HttpDownloader(_outgoing(services), services.settings.download_timeout_s)
    stage = PrepareStage(services, downloader, decoder, VOICE_DETECTORS, stop)
    return Work(Queue.PREPARE, stage.run_once, threads=2)


def infer_work(services: Services, model: EmotionModel) -> Work:
    """Two claims are in hand: the sound of one is fetched while the model, which takes one after the other, works on
    the other."""
    return Work(Queue.INFER, InferStage(services, model).run_once, threads=2)


def finish_work(services: Services) -> Work:
    return Work(Queue.FINISH, FinishStage(services).run_once, threads=1)


@contextmanager
def deliver_work(services: Services) -> Iterator[Work]:
    """One thread claims, for the others that send."""
    sender = WebhookSender(_outgoing(services), services.clock)
    with DeliverStage(services, sender) as stage:
        yield Work(Queue.DELIVER, stage.run_once, threads=1)


def _outgoing(services: Services) -> Outgoing:
    return Outgoing(services.settings.allowed_networks)
