"""The whole service in one process: the API and the workers, over SQLite and a folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

from api.app import create_app
from api.server import check_access, hosts, listen, serving
from shared.adapters.local_wake_ups import LocalWakeUps
from shared.container import open_services
from shared.settings import Settings
from worker.container import deliver_work, finish_work, infer_work, prepare_work
from worker.metrics import REGISTRY
from worker.pipeline_builder import build_decoder, build_model
from worker.worker_threads import run_worker_threads


@contextmanager
def embedded_service(settings: Settings, host: str, port: int) -> Iterator[str]:
    """Run the service while the context lasts and yield its URL. `port` 0 takes a free port.

    Raises:
        PublicAddress: `host` can be reached from elsewhere.
        AddressInUse, DatabaseUnusable, ModelUnavailable, StoreUnavailable.
    """
    wake_ups, stop = LocalWakeUps(), Event()
    with (
        listen(host, port) as listener,
        open_services(settings, wake_ups) as services,
        deliver_work(services) as deliver,
    ):
        check_access(services, host)
        model = build_model(settings)
        app = create_app(services, hosts(settings), [lambda: model.problem], collectors=[REGISTRY])
        works = [
            prepare_work(services, build_decoder(settings), stop),
            infer_work(services, model, stop),
            finish_work(services),
            deliver,
        ]
        with model, run_worker_threads(works, services.sweeper, wake_ups, stop), serving(app, listener) as url:
            yield url
