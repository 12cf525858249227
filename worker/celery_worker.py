"""A worker of the distributed service: one Celery process for one queue, or the beat that starts the sweep."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

import structlog
from celery import Celery, signals

from shared.adapters.celery_wake_ups import SWEEP, CeleryWakeUps, celery_app, node_name, task_name
from shared.container import Services, open_services
from shared.ports import Queue, WakeUps
from shared.settings import Settings
from worker import sign_of_life
from worker.adapters.child_process import lower_priority
from worker.container import deliver_work, finish_work, infer_work, prepare_work
from worker.pipeline_builder import build_decoder, build_model
from worker.queue_task import AFTER_ERROR_S, QueueTask, run_logged

_log = structlog.get_logger()
_TASK_S = 60.0
"""A Celery task ends after this time and wakes the next one: a broker redelivers a message that is not acknowledged
within an hour, or half of one."""


def run_worker(settings: Settings, broker_url: str, queue: Queue) -> int:
    """Work on one queue until SIGTERM or SIGINT, end the work in hand, and return the exit status.

    Raises:
        DatabaseUnusable: the database cannot be reached or has another schema.
        ModelUnavailable: the model cannot run.
        StoreUnavailable: the object store cannot be reached.
    """
    lower_priority()
    app, stop = celery_app(broker_url), Event()

    def on_shutdown(**_: object) -> None:
        stop.set()

    def on_heartbeat(**_: object) -> None:
        sign_of_life.show(queue.value)

    signals.worker_shutting_down.connect(on_shutdown)
    signals.heartbeat_sent.connect(on_heartbeat)
    signals.setup_logging.connect(_logs_are_set_up)
    with (
        CeleryWakeUps(app) as wake_ups,
        open_services(settings, wake_ups) as services,
        _work(settings, services, queue, stop) as work,
    ):
        _add_tasks(app, work, services, wake_ups, stop)
        worker = app.Worker(
            concurrency=work.threads,
            hostname=node_name(queue),
            loglevel="WARNING",  # Celery logs every message at INFO
            pool="threads",
            queues=[queue.value],
            quiet=True,
            # Gossip between workers would be traffic for the broker without a use.
            without_gossip=True,
            without_mingle=True,
        )
        _log.info("worker.ready", queue=queue.value)
        worker.start()
        return int(worker.exitcode or 0)


def run_beat(broker_url: str, log_level: str) -> None:
    """Start the sweep periodically until the process ends; two beats at once do no harm."""
    signals.setup_logging.connect(_logs_are_set_up)
    _log.info("beat.ready")  # the scheduler's own line for each sweep would be nearly all of the log
    celery_app(broker_url).Beat(loglevel=log_level, quiet=True).run()


def _logs_are_set_up(**_: object) -> None:
    """Do nothing: Celery sets up no logging of its own when this signal has a receiver."""


@contextmanager
def _work(settings: Settings, services: Services, queue: Queue, stop: Event) -> Iterator[QueueTask]:
    if queue is Queue.PREPARE:
        yield prepare_work(services, build_decoder(settings), stop)
    elif queue is Queue.FINISH:
        yield finish_work(services)
    elif queue is Queue.DELIVER:
        with deliver_work(services) as work:
            yield work
    else:
        with build_model(settings) as model:
            model.start()
            yield infer_work(services, model, stop)


def _add_tasks(app: Celery, work: QueueTask, services: Services, wake_ups: WakeUps, stop: Event) -> None:
    def work_off() -> None:
        until = time.monotonic() + _TASK_S
        while not stop.is_set():
            worked = run_logged(work.queue.value, work.run_once)
            if worked is False:
                return
            if worked is None:
                stop.wait(AFTER_ERROR_S)
            if time.monotonic() > until:
                wake_ups.wake(work.queue)
                return

    def sweep() -> None:
        run_logged("sweep", services.sweeper.run)

    app.task(name=task_name(work.queue))(work_off)
    if work.queue is Queue.FINISH:
        app.task(name=SWEEP)(sweep)
