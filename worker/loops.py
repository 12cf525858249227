"""The worker's threads in the embedded service: each does one kind of work until it is told to stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import structlog

from shared.container import Services
from shared.ports import Queue
from worker.pipeline.errors import ModelUnavailable

_log = structlog.get_logger()
_POLL_S = 1.0
"""Work is found within this time also when its wake-up was lost, or its lease ran out."""
_SWEEP_EVERY_S = 30.0
_AFTER_ERROR_S = 5.0
_STOP_WITHIN_S = 10.0

RunOnce = Callable[[], bool]


@contextmanager
def running(services: Services, work: list[tuple[Queue, RunOnce]]) -> Iterator[None]:
    """Runs each piece of work in a thread of its own.

    Leaving the context gives what is in hand ten seconds to end. What has not ended then is abandoned, as if the
    process had been killed: it is claimed again when its lease has run out.
    """
    stop = Event()
    threads = [_thread(_work, services, queue, run_once, stop) for queue, run_once in work]
    threads.append(_thread(_sweep, services, stop))
    try:
        yield
    finally:
        stop.set()
        for queue in Queue:
            services.wake_ups.wake(queue)
        deadline = time.monotonic() + _STOP_WITHIN_S
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))


def _thread(target: Callable[..., None], *arguments: object) -> Thread:
    thread = Thread(target=target, args=arguments, name=target.__name__, daemon=True)
    thread.start()
    return thread


def _work(services: Services, queue: Queue, run_once: RunOnce, stop: Event) -> None:
    while not stop.is_set():
        try:
            busy = run_once()
        except ModelUnavailable as error:
            _log.error("model.unavailable", reason=str(error))
            stop.wait(_AFTER_ERROR_S)
        except Exception:
            _log.exception("worker.error", queue=queue.value)
            stop.wait(_AFTER_ERROR_S)
        else:
            if not busy:
                services.wake_ups.wait(queue, _POLL_S)


def _sweep(services: Services, stop: Event) -> None:
    while not stop.wait(_SWEEP_EVERY_S):
        try:
            services.end.sweep()
        except Exception:
            _log.exception("sweep.error")
