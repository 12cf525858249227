"""Wake-ups over a message broker: Celery tasks that say nothing but that there may be work in a queue."""

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
_GATHER_S = 0.1
_STOP_WITHIN_S = 2.0
_PING_S = 2.0
_STALE_AFTER_S = 60
"""The sweep has woken again by then, so that an older message is dropped unread. Machines whose clocks differ by more
lose all messages, hence not less."""

_REDIS = {
    # Far longer than any task takes: what is redelivered finds its work done, but costs a look.
    "visibility_timeout": 3600,
    # A broker that vanished without a word is noticed, and tried again without end.
    "socket_timeout": 10,
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
    "health_check_interval": 10,
}


def task_name(queue: Queue) -> str:
    """The task that works off a queue."""
    return f"emoline.{queue.value}"


def celery_app(broker_url: str) -> Celery:
    """An application for who sends wake-ups and who takes them; tasks are added by the worker.

    No result is kept and nothing but JSON is read. A message is acknowledged when its task has ended, so that a worker
    takes no more of them than it has threads and the others lie where idle workers find them.
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
        beat_scheduler="celery.beat:Scheduler",  # without a file: nothing of the schedule needs to be remembered
    )
    return app


def node_name(queue: Queue) -> str:
    """What the worker of a queue on this host is called on the broker."""
    return f"{queue.value}@{socket.gethostname()}"


def answers(app: Celery, node: str) -> bool:
    """Whether a worker answers on the broker; it does not where the broker is away."""
    try:
        return bool(app.control.ping([node], timeout=_PING_S))
    except Exception:  # whatever the transport's own kind is
        return False


def queues_that_answer(app: Celery) -> set[Queue]:
    """The queues of which a worker answers on the broker. Raises the transport's errors where that is away."""
    answers = app.control.ping(timeout=_PING_S) or []
    names = {name.partition("@")[0] for answer in answers for name in answer}
    return {queue for queue in Queue if queue.value in names}


class CeleryWakeUps:
    """`shared.ports.WakeUps` for workers in other processes. A context manager.

    `wake` returns at once and never fails: a thread sends what was asked for within a tenth of a second, one message
    to a queue, and what it cannot send is lost. The sweep wakes again.
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
            self._closed.wait(_GATHER_S)
            self._any_due.clear()
            with self._changed:
                due, self._due = self._due, set()
            for queue in due:
                self._send(queue)

    def _send(self, queue: Queue) -> None:
        try:
            self._app.send_task(task_name(queue), queue=queue.value, expires=_STALE_AFTER_S, retry=False)
        except Exception as error:  # whatever the transport's own kind is
            _log.warning("wake_up.lost", queue=queue.value, reason=str(error))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
