"""The API of the distributed service, in several processes that share an address and wake workers over the broker."""

from __future__ import annotations

import gc
import os
import signal
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from threading import Event, Thread

import structlog
from celery import Celery

from api.app import create_app
from api.metrics import SharedApiMetrics
from api.readiness import WorkerPresence
from api.server import check_access, hosts, listen, listener_url, serving, split_listener
from shared.adapters.celery_wake_ups import CeleryWakeUps, celery_app, queues_that_answer
from shared.adapters.local_wake_ups import LocalWakeUps
from shared.container import open_services
from shared.ports import Queue
from shared.settings import Settings
from shared.telemetry import traces

_log = structlog.get_logger()
_MAX_DEFAULT_PROCESSES = 4
"""Each process takes connections to the database and a hundred megabytes, so more are started only by the settings."""
_PARENT_CHECK_S = 1.0
_STOP_TIMEOUT_S = 15.0


@contextmanager
def api_service(settings: Settings, broker_url: str, host: str, port: int) -> Iterator[str]:
    """Run the API while the context lasts, in processes that share the address; yield its URL.

    When one of them ends unexpectedly, this process gets a SIGTERM, so that its supervisor starts all of them anew.

    Raises:
        PublicAddress, AddressInUse, DatabaseUnusable, StoreUnavailable.
    """
    with listen(host, port) as listener:
        with open_services(
            settings, LocalWakeUps()
        ) as services:  # errors of the settings are raised once, before processes are started
            check_access(services, host)
        url = listener_url(listener)
        count = settings.api_processes or min(_MAX_DEFAULT_PROCESSES, len(os.sched_getaffinity(0)))
        with (
            tempfile.TemporaryDirectory(prefix="emoline-metrics-") as metrics_folder,
            _processes(settings, broker_url, split_listener(listener, count), metrics_folder),
        ):
            yield url


@contextmanager
def _processes(
    settings: Settings, broker_url: str, listeners: list[socket.socket], metrics_folder: str
) -> Iterator[None]:
    # Forked processes share the memory of the imported modules, as long as the garbage collector does not touch it.
    # No thread runs here yet.
    gc.freeze()
    context = get_context("fork")
    processes = [
        context.Process(target=_serve, args=(settings, broker_url, listeners, listener, metrics_folder))
        for listener in listeners
    ]
    for process in processes:
        process.start()
    _close(listeners)
    stopping = Event()
    Thread(target=_stop_with_any, args=(processes, stopping), daemon=True).start()
    try:
        yield
    finally:
        stopping.set()
        for process in processes:
            process.terminate()
        for process in processes:
            process.join(_STOP_TIMEOUT_S)
            process.kill()


def _stop_with_any(processes: list[ForkProcess], stopping: Event) -> None:
    """Send this process a SIGTERM when any of the processes ends before `stopping`."""
    wait([process.sentinel for process in processes])
    if not stopping.is_set():
        _log.error("api.process_ended", exitcodes=[process.exitcode for process in processes])
        os.kill(os.getpid(), signal.SIGTERM)


def _serve(
    settings: Settings, broker_url: str, listeners: list[socket.socket], listener: socket.socket, metrics_folder: str
) -> None:
    """Answer requests at one of the listeners, as a process, until a signal says to stop or the parent is gone."""
    _close([inherited for inherited in listeners if inherited is not listener])
    parent, stop = os.getppid(), Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    broker, metrics = celery_app(broker_url), SharedApiMetrics(metrics_folder)
    presence = WorkerPresence(partial(queues_that_answer, broker))
    with (
        traces.export_spans("api"),
        CeleryWakeUps(broker) as wake_ups,
        open_services(settings, wake_ups) as services,
        serving(
            create_app(
                services,
                hosts(settings),
                [partial(_check_workers, broker)],
                metrics,
                missing_workers=presence.missing,
            ),
            listener,
        ),
    ):
        while os.getppid() == parent and not stop.wait(_PARENT_CHECK_S):
            pass


def _close(listeners: list[socket.socket]) -> None:
    """Close sockets that other processes answer at: the system would send connections here as long as they are open."""
    for listener in listeners:
        listener.close()


def _check_workers(broker: Celery) -> str | None:
    """Return a sentence if the broker or the workers of a queue do not answer, else None."""
    try:
        missing = set(Queue) - queues_that_answer(broker)
    except Exception:  # each transport has exceptions of its own
        return "The broker does not answer."
    return f"No worker answers for {', '.join(sorted(missing))}." if missing else None
