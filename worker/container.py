"""The composition root of the workers: builds the pipeline's adapters and the stages."""

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
from worker.queue_task import QueueTask
from worker.stages.deliver import DeliverStage
from worker.stages.finish import FinishStage
from worker.stages.infer import InferStage
from worker.stages.prepare import PrepareStage

VOICE_DETECTORS: VoiceDetectors = {"webrtc": WebRtcVoiceDetector, "silero": SileroVoiceDetector}


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The adapters and limits of an analysis. Close `model` when done."""

    decoder: AudioDecoder
    detectors: VoiceDetectors
    max_segments: int
    model: Emotion2vecModel


def build_decoder(settings: Settings) -> AudioDecoder:
    """The decoder with the limits of the settings."""
    return FfmpegDecoder(settings.max_duration_s, settings.decode_timeout_s)


def build_model(settings: Settings) -> Emotion2vecModel:
    """The model of the settings; its process starts with the first use. Close it when done.

    Raises:
        ModelUnavailable: there can be no model of that name.
    """
    return Emotion2vecModel(
        settings.model,
        settings.device,
        settings.precision,
        segment_timeout_s=settings.segment_timeout_s,
        batch_s=settings.batch_audio_s,
    )


def build_pipeline(settings: Settings) -> Pipeline:
    """The pipeline of the settings. Raises ModelUnavailable when there can be no model of the name they give."""
    return Pipeline(build_decoder(settings), VOICE_DETECTORS, settings.max_segments, build_model(settings))


def prepare_work(services: Services, decoder: AudioDecoder, stop: Event) -> QueueTask:
    """The task that prepares recordings, two at once so that a long one does not hold up a short one."""
    downloader = HttpDownloader(_outgoing(services), services.settings.download_timeout_s)
    stage = PrepareStage(services, downloader, decoder, VOICE_DETECTORS, stop)
    return QueueTask(Queue.PREPARE, stage.run_once, threads=2)


def infer_work(services: Services, model: EmotionModel) -> QueueTask:
    """The task that scores segments.

    It has two threads: one loads the sound of its claim while the model works on the claim of the other.
    """
    return QueueTask(Queue.INFER, InferStage(services, model).run_once, threads=2)


def finish_work(services: Services) -> QueueTask:
    """The task that ends jobs whose segments are all done."""
    return QueueTask(Queue.FINISH, FinishStage(services).run_once, threads=1)


@contextmanager
def deliver_work(services: Services) -> Iterator[QueueTask]:
    """The task that delivers webhooks: its one thread claims deliveries, and each is sent in a thread of its own."""
    sender = WebhookSender(_outgoing(services), services.clock)
    with DeliverStage(services, sender) as stage:
        yield QueueTask(Queue.DELIVER, stage.run_once, threads=1)


def _outgoing(services: Services) -> Outgoing:
    return Outgoing(services.settings.allowed_networks)
