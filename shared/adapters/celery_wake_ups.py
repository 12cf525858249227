"""Wake-ups over a message broker: Celery tasks without arguments, one for each queue."""

from __future__ import annotations

import socket
from threading import Event, Lock, Thread
from typing import Self

import structlog
from celery import Celery

from shared.ports import Queue

_log = structlog.get_logger()
_SWEEP_EVERY_S = 5.0
SWEEP = "emoline.sweep"
_PAUSE_S = 0.25
"""Seconds between messages, each of which costs as much as a submission."""
_STOP_WITHIN_S = 2.0
_PING_S = 2.0
_STALE_AFTER_S = 60
"""The age at which messages are dropped, because the sweep has sent new ones. It must exceed the difference between the
clocks of machines, or all messages are dropped."""

_REDIS = {
    # Longer than any task takes: a redelivered task finds no work, but costs a query.
    "visibility_timeout": 3600,
    # With these a broker that vanished is noticed; connecting is retried without end.
    "socket_timeout": 10,
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
    "health_check_interval": 10,
}


def task_name(queue: Queue) -> str:
    """Return the name of the task that processes a queue."""
    return f"emoline.{queue.value}"


def celery_app(broker_url: str) -> Celery:
    """Make the Celery application of senders and workers; workers add the tasks.

    Results are not stored and only JSON is accepted. A message is acknowledged when its task has ended: a worker
    takes no more messages than it has threads, and idle workers get the rest.
    """
    app = Celery("emoline", broker=broker_url, set_as_current=False)
    app.conf.update(
        accept_content=["json"],
        broker_connection_max_retries=None,
        broker_connection_retry_on_startup=True,
        broker_transport_options=_REDIS if broker_url.startswith("redis") else {},
        task_acks_late=True,
        task_ignore_result=True,
        task_routes={SWEEP: {"queue": Queue.FINISH.value}},
        worker_hijack_root_logger=False,
        worker_prefetch_multiplier=1,
        beat_schedule={"sweep": {"task": SWEEP, "schedule": _SWEEP_EVERY_S, "options": {"expires": _STALE_AFTER_S}}},
        beat_scheduler="celery.beat:Scheduler",  # without a file: the schedule has no state
    )
    return app


def node_name(queue: Queue) -> str:
    """Return the name of the worker of a queue on this host."""
    return f"{queue.value}@{socket.gethostname()}"


def answers(app: Celery, node: str) -> bool:
    """Check whether the worker `node` answers a ping; False where the broker is away."""
    try:
        return bool(app.control.ping([node], timeout=_PING_S))
    except Exception:  # each transport has its own classes
        return False


def queues_that_answer(app: Celery) -> set[Queue]:
    """Return the queues whose workers answer a ping. Raises the transport's errors where the broker is away."""
    answers = app.control.ping(timeout=_PING_S) or []
    names = {name.partition("@")[0] for answer in answers for name in answer}
    return {queue for queue in Queue if queue.value in names}


class CeleryWakeUps:
    """Implements `shared.ports.WakeUps` for workers in other processes, as a context manager.

    `wake` returns at once and never fails. A thread sends one message for each woken queue, the first at once and
    others after a pause; a message that cannot be sent is lost, and the sweep sends another.
    """

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._due: set[Queue] = set()
        self._changed = Lock()
        self._any_due = Event()
        self._closed = Event()
        self._thread = Thread(target=self._send_all, name="wake-ups", daemon=True)
        self._thread.start()

    def wake(self, queue: Queue) -> None:
        with self._changed:
            self._due.add(queue)
        self._any_due.set()

    def close(self) -> None:
        self._closed.set()
        self._any_due.set()
        self._thread.join(_STOP_WITHIN_S)
        self._app.close()

    def _send_all(self) -> None:
        while not self._closed.is_set():
            self._any_due.wait()
            self._any_due.clear()
            with self._changed:
                due, self._due = self._due, set()
            for queue in due:
                self._send(queue)
            self._closed.wait(_PAUSE_S)

    def _send(self, queue: Queue) -> None:
        try:
            self._app.send_task(task_name(queue), queue=queue.value, expires=_STALE_AFTER_S, retry=False)
        except Exception as error:  # each transport has its own classes
            _log.warning("wake_up.lost", queue=queue.value, reason=str(error))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
