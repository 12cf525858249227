"""The worker's threads in the embedded service: each does one kind of work until it is told to stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread

from shared.adapters.local_wake_ups import LocalWakeUps
from shared.ports import Queue
from shared.services.sweeper import Sweeper
from worker.queue_task import AFTER_ERROR_S, Work, attempt

_POLL_S = 1.0
"""Work is found within this time also when its wake-up was lost, or its lease ran out."""
_SWEEP_EVERY_S = 5.0
"""How late a deadline may be noticed."""
_STOP_WITHIN_S = 10.0


@contextmanager
def running(works: Sequence[Work], sweep: Sweeper, wake_ups: LocalWakeUps, stop: Event) -> Iterator[None]:
    """Does each kind of work in threads of its own.

    Leaving the context sets `stop` and gives what is in hand ten seconds to end. What has not ended then is abandoned,
    as if the process had been killed: it is claimed again when its lease has run out.
    """
    threads = [_thread(_work, work, wake_ups, stop) for work in works for _ in range(work.threads)]
    threads.append(_thread(_sweep, sweep, stop))
    try:
        yield
    finally:
        stop.set()
        for queue in Queue:
            wake_ups.wake(queue)
        deadline = time.monotonic() + _STOP_WITHIN_S
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))


def _thread(target: Callable[..., None], *arguments: object) -> Thread:
    thread = Thread(target=target, args=arguments, name=target.__name__, daemon=True)
    thread.start()
    return thread


def _work(work: Work, wake_ups: LocalWakeUps, stop: Event) -> None:
    while not stop.is_set():
        done = attempt(work.queue.value, work.run_once)
        if done is None:
            stop.wait(AFTER_ERROR_S)
        elif not done:
            wake_ups.wait(work.queue, _POLL_S)


def _sweep(sweep: Sweeper, stop: Event) -> None:
    while not stop.wait(_SWEEP_EVERY_S):
        attempt("sweep", sweep.run)
