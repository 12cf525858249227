"""The worker's threads in the embedded service."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread

from shared.adapters.local_wake_ups import LocalWakeUps
from shared.ports import Queue
from shared.services.sweeper import Sweeper
from worker.queue_task import AFTER_ERROR_S, QueueTask, run_logged

_POLL_S = 1.0
"""Work whose wake-up was lost, or whose lease expired, starts within this time."""
_SWEEP_EVERY_S = 5.0
"""The longest delay until a passed deadline takes effect."""
_STOP_WITHIN_S = 10.0


@contextmanager
def run_worker_threads(
    tasks: Sequence[QueueTask], sweep: Sweeper, wake_ups: LocalWakeUps, stop: Event
) -> Iterator[None]:
    """Run each task in threads of its own while the context lasts, and the sweep in another.

    Leaving the context sets `stop` and waits ten seconds for the work in hand. Work that has not ended by then is
    abandoned, as if the process had been killed: another worker claims it when its lease expires.
    """

    def work(task: QueueTask) -> None:
        while not stop.is_set():
            worked = run_logged(task.queue.value, task.run_once)
            if worked is None:
                stop.wait(AFTER_ERROR_S)
            elif not worked:
                wake_ups.wait(task.queue, _POLL_S)

    def keep_sweeping() -> None:
        while not stop.wait(_SWEEP_EVERY_S):
            run_logged("sweep", sweep.run)

    threads = [
        Thread(target=work, args=(task,), name=task.queue.value, daemon=True)
        for task in tasks
        for _ in range(task.threads)
    ]
    threads.append(Thread(target=keep_sweeping, name="sweep", daemon=True))
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for queue in Queue:
            wake_ups.wake(queue)
        deadline = time.monotonic() + _STOP_WITHIN_S
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
