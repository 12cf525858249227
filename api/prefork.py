"""The API of the distributed service: processes without workers, which wake those of others over the broker."""

from __future__ import annotations

import gc
import os
import signal
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from threading import Event, Thread

import structlog
from celery import Celery

from api.app import Check, create_app
from api.metrics import SharedApiMetrics
from api.server import check_access, divided, hosts, listen, serving, url_of
from shared.adapters.celery_wake_ups import CeleryWakeUps, celery_app, queues_that_answer
from shared.adapters.local_wake_ups import LocalWakeUps
from shared.container import open_services
from shared.ports import Queue
from shared.settings import Settings
from shared.telemetry import traces

_log = structlog.get_logger()
_MOST_PROCESSES = 4
"""Unless the settings say more: each has connections to the database and a hundred megabytes of its own."""
_LOOK_EVERY_S = 1.0
_STOP_WITHIN_S = 15.0


@contextmanager
def api_service(settings: Settings, broker_url: str, host: str, port: int) -> Iterator[str]:
    """Runs the API while the context lasts, in processes that share the address; gives its URL.

    When one of them ends unasked, this process gets a SIGTERM: who watches it starts all of them anew.

    Raises:
        PublicAddress, AddressInUse, DatabaseUnusable, StoreUnavailable.
    """
    with listen(host, port) as listener:
        with open_services(settings, LocalWakeUps()) as services:  # what cannot work is said here, once
            check_access(services, host)
        url = url_of(listener)
        number = settings.api_processes or min(_MOST_PROCESSES, len(os.sched_getaffinity(0)))
        with (
            tempfile.TemporaryDirectory(prefix="emoline-metrics-") as counts,
            _processes(settings, broker_url, divided(listener, number), counts),
        ):
            yield url


@contextmanager
def _processes(settings: Settings, broker_url: str, listeners: list[socket.socket], counts: str) -> Iterator[None]:
    # Forked, so that what they have in common is in memory once, which the collector of garbage leaves alone then.
    # No thread runs here yet.
    gc.freeze()
    context = get_context("fork")
    processes = [
        context.Process(target=_serve, args=(settings, broker_url, listeners, own, counts)) for own in listeners
    ]
    for process in processes:
        process.start()
    _close(listeners)
    stopping = Event()
    Thread(target=_watch, args=(processes, stopping), daemon=True).start()
    try:
        yield
    finally:
        stopping.set()
        for process in processes:
            process.terminate()
        for process in processes:
            process.join(_STOP_WITHIN_S)
            process.kill()


def _watch(processes: list[ForkProcess], stopping: Event) -> None:
    wait([process.sentinel for process in processes])
    if not stopping.is_set():
        _log.error("api.process_ended", exitcodes=[process.exitcode for process in processes])
        os.kill(os.getpid(), signal.SIGTERM)


def _serve(
    settings: Settings, broker_url: str, listeners: list[socket.socket], own: socket.socket, counts: str
) -> None:
    """One process: answers requests until it is told to stop, or its parent is gone."""
    _close([listener for listener in listeners if listener is not own])
    parent, stop = os.getppid(), Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    broker, counted = celery_app(broker_url), SharedApiMetrics(counts)
    with (
        traces.export_spans("api"),
        CeleryWakeUps(broker) as wake_ups,
        open_services(settings, wake_ups) as services,
        serving(create_app(services, hosts(settings), [_workers_check(broker)], counted), own),
    ):
        while os.getppid() == parent and not stop.wait(_LOOK_EVERY_S):
            pass


def _close(listeners: list[socket.socket]) -> None:
    """What a process holds open and does not answer at, the system would send connections to all the same."""
    for listener in listeners:
        listener.close()


def _workers_check(broker: Celery) -> Check:
    def check() -> str | None:
        try:
            missing = set(Queue) - queues_that_answer(broker)
        except Exception:  # whatever the transport's own kind is
            return "The broker does not answer."
        return f"No worker answers for {', '.join(sorted(missing))}." if missing else None

    return check
