"""The composition root of the workers: the tasks of each queue."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

from shared.adapters.outgoing_http import Outgoing
from shared.container import Services
from shared.ports import Queue
from worker.adapters.downloader import HttpDownloader
from worker.adapters.webhook_sender import WebhookSender
from worker.pipeline.ports import AudioDecoder, EmotionModel
from worker.pipeline_builder import VOICE_DETECTORS, build_encoder
from worker.queue_task import QueueTask
from worker.stages.copy_sound import CopyStage
from worker.stages.deliver import DeliverStage
from worker.stages.finish import FinishStage
from worker.stages.infer import InferStage
from worker.stages.prepare import PREPARE_THREADS, PrepareStage


def prepare_work(services: Services, decoder: AudioDecoder, stop: Event) -> QueueTask:
    """The task that prepares recordings, with a thread for each that may be decoded or downloaded at once.

    Copies for listeners, who wait, come first.
    """
    downloader = HttpDownloader(_outgoing(services), services.settings.download_timeout_s)
    encoder = build_encoder(services.settings)
    stage = PrepareStage(services, downloader, decoder, VOICE_DETECTORS, stop, encoder)
    copies = CopyStage(services, decoder, stop)
    return QueueTask(Queue.PREPARE, lambda: copies.run_once() or stage.run_once(), PREPARE_THREADS)


def infer_work(services: Services, model: EmotionModel, stop: Event) -> QueueTask:
    """The task that scores segments.

    It has three threads: while the model works on the claim of one, another loads what comes next, and the third stores
    what it answered before.
    """
    return QueueTask(Queue.INFER, InferStage(services, model, stop).run_once, threads=3)


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
