"""The services of `docker compose --profile cpu up` as plain processes: each service's command line, environment and
check as docker-compose.yml has them, in the order in which they wait for each other. Only addresses differ, and two of
the three servers that Emoline needs: Postgres and the store are the tests' own.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.compose import services
from tests.support.compose_service import PROGRAMS, Container, valkey_programs
from tests.support.figures import figures
from tests.support.media.encode import encoded
from tests.support.media.speech import speech_like
from tests.support.servers.s3 import KEY, SECRET, S3Server, s3_servers
from tests.support.service_client import Client

NOT_RUN_HERE = {"postgres", "seaweedfs"}
WORKERS = ("prepare", "infer-cpu", "finish", "deliver")
PASSWORD = "no-secret-at-all"


@pytest.fixture
def store() -> Iterator[S3Server]:
    """A store that checks keys."""
    with s3_servers() as servers:
        yield servers["rclone"]


@pytest.fixture
def ports() -> dict[str, int]:
    with ExitStack() as stack:
        names = ("api", "valkey", *WORKERS)
        free = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in names]
        return dict(zip(names, (listener.getsockname()[1] for listener in free), strict=True))


@pytest.fixture
def composed(tmp_path: Path, bare_postgres_url: str, store: S3Server, ports: dict[str, int]) -> dict[str, Any]:
    """The services of the profile `cpu` that are run here, with addresses that are good here."""
    store_port = urlsplit(store.endpoint_url).port
    variables = {
        "POSTGRES_PASSWORD": PASSWORD,
        "VALKEY_PASSWORD": PASSWORD,
        "S3_ACCESS_KEY_ID": KEY,
        "S3_SECRET_ACCESS_KEY": SECRET,
        "STORE_PORT": str(store_port),
        "EMOLINE_MODEL": "mini",
    }
    text = json.dumps(services(variables))
    for compose_address, local_address in {
        f"postgresql://emoline:{PASSWORD}@postgres:5432/emoline": bare_postgres_url,
        "@valkey:6379/": f"@127.0.0.1:{ports['valkey']}/",
        # Another name than the one that clients use.
        "//seaweedfs:8333": f"//localhost:{store_port}",
        '"8000"': f'"{ports["api"]}"',
        "//127.0.0.1:8000/": f"//127.0.0.1:{ports['api']}/",
    }.items():
        assert compose_address in text
        text = text.replace(compose_address, local_address)
    all_services: dict[str, Any] = json.loads(text)
    for name in WORKERS:  # which have an address each there
        assert all_services[name]["environment"]["EMOLINE_METRICS_PORT"] == "9100"
        all_services[name]["environment"]["EMOLINE_METRICS_PORT"] = str(ports[name])
    return {
        name: service
        for name, service in all_services.items()
        if name not in NOT_RUN_HERE and service.get("profiles", ["cpu"]) == ["cpu"]
    }


@pytest.fixture
def containers(tmp_path: Path, composed: dict[str, Any], ports: dict[str, int]) -> Iterator[dict[str, Container]]:
    """The containers in the order in which compose starts them."""
    path = f"{valkey_programs(tmp_path, ports['valkey'])}:{PROGRAMS}:{os.environ['PATH']}"
    waits = {name: set(service.get("depends_on", {})) - NOT_RUN_HERE for name, service in composed.items()}
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(Container(name, composed[name], tmp_path, path))
            for name in TopologicalSorter(waits).static_order()
        }


def test_the_services_of_compose_analyse_a_recording_and_stop_in_time(
    containers: dict[str, Container], ports: dict[str, int], store: S3Server
) -> None:
    assert list(containers)[:2] in (["migrate", "valkey"], ["valkey", "migrate"])
    assert set(containers) == {"valkey", "migrate", "api", "prepare", "infer-cpu", "finish", "deliver", "beat"}
    migrate, valkey = containers["migrate"], containers["valkey"]
    started = [container for name, container in containers.items() if name != "migrate"]
    checked = [container for container in started if container.name != "beat"]
    assert not valkey.healthy()
    valkey.start()
    valkey.wait_until_healthy()
    assert migrate.run() == 0, migrate.output
    with ThreadPoolExecutor(2) as pool:
        healthy = pool.map(Container.healthy, checked)
        early = [container.name for container, well in zip(checked, healthy, strict=True) if well]
        assert early == ["valkey"], "a check that nothing can fail says nothing"
        for container in started[1:]:
            container.start()
        list(pool.map(Container.wait_until_healthy, checked))
    with Client(base_url=f"http://127.0.0.1:{ports['api']}") as client:
        ready = client.get("/readyz")
        assert ready.status_code == 200, ready.text
        _, result = client.analysed(encoded(speech_like(30, seed=21).samples[:, None], 16_000, "mp3"))
        assert result["segments"]
        counted = {name: figures(client.get(f"http://127.0.0.1:{ports[name]}/metrics").text) for name in WORKERS}
        assert counted["infer-cpu"]["emoline_segments_total", {"outcome": "ok"}] == len(result["segments"])
        for name, stage in (("prepare", "preparing"), ("finish", "finishing")):
            assert counted[name]["emoline_stage_duration_seconds_count", {"stage": stage, "outcome": "done"}] == 1
        assert "emoline_webhook_attempts_total" in counted["deliver"].names
        for segment in result["segments"]:
            answer = client.get(segment["audio_url"])
            assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/flac")
    assert migrate.run() == 0, "as with every `docker compose up`, while the others run"
    for container in reversed(started):
        assert container.stop() == 0, container.output
    for container in containers.values():
        assert container.wrote == [], container.name
