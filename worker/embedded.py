"""The whole service in one process: the API and the workers, over SQLite and a folder."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread

import uvicorn

from api.app import create_app
from shared.container import open_services
from shared.settings import Settings
from worker.container import build_pipeline, stages
from worker.loops import running

_LOCAL_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
_CLOSE_CONNECTIONS_S = 5


class PublicAddress(Exception):
    """Emoline has no access control yet, so it only listens on this machine's own address, such as 127.0.0.1."""

    def __str__(self) -> str:
        return self.__doc__ or ""


class AddressInUse(Exception):
    """The address is taken or does not exist here."""


@contextmanager
def embedded_service(settings: Settings, host: str, port: int) -> Iterator[str]:
    """Runs the service while the context lasts; gives its URL, with the port that was free where `port` is 0.

    Raises:
        PublicAddress: `host` can be reached from elsewhere.
        AddressInUse, DatabaseUnusable, ModelUnavailable, StoreUnavailable.
    """
    with _listen(host, port) as listener, open_services(settings) as services:
        pipeline = build_pipeline(settings)
        app = create_app(services, _LOCAL_HOSTS, [lambda: pipeline.model.problem])
        with pipeline.model, running(services, stages(services, pipeline)):
            config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=_CLOSE_CONNECTIONS_S)
            server = uvicorn.Server(config)
            thread = Thread(target=server.run, args=([listener],), name="http")
            thread.start()
            try:
                address = f"[{host}]" if ":" in host else host
                yield f"http://{address}:{listener.getsockname()[1]}"
            finally:
                server.should_exit = True
                thread.join()


def _listen(host: str, port: int) -> socket.socket:
    if not _is_local(host):
        raise PublicAddress
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise AddressInUse(f"Emoline cannot listen on {host} port {port}: {error.strerror}.") from error


def _is_local(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"
