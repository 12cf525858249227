"""docker-compose.yml beyond its schema; tests/e2e/test_compose_processes.py runs its services."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from dotenv import dotenv_values

from tests.support.compose import FILE, ROOT, VARIABLE, is_setting, needed_variables, seconds, services

RAW: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = RAW["services"]
EXAMPLE = dotenv_values(ROOT / ".env.example")
ONE_SHOT = "migrate"
SECRET = re.compile(r"PASSWORD|SECRET|ACCESS_KEY|AUTH")


def test_it_is_a_compose_file() -> None:
    checker = Path(sys.executable).parent / "check-jsonschema"
    completed = subprocess.run(
        [checker, "--builtin-schema", "vendor.compose-spec", FILE], capture_output=True, text=True, check=False
    )
    assert completed.returncode == 0, completed.stdout


def test_every_name_in_it_exists() -> None:
    for name, service in SERVICES.items():
        assert set(service.get("depends_on", {})) <= set(SERVICES), name
        assert set(service["networks"]) <= set(RAW["networks"]), name
        volumes = {volume.partition(":")[0] for volume in service.get("volumes", [])}
        assert volumes <= set(RAW["volumes"]), name
        if build := service.get("build"):
            assert (ROOT / build["context"] / build["dockerfile"]).is_file(), name
    used = {volume.partition(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert used == set(RAW["volumes"])


def test_a_service_that_others_wait_for_has_a_health_check() -> None:
    for name, service in SERVICES.items():
        for dependency, wait in service.get("depends_on", {}).items():
            if wait["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[dependency], (name, dependency)
            else:
                assert (wait["condition"], dependency) == ("service_completed_successfully", ONE_SHOT), name


def test_the_example_names_every_variable_and_no_other() -> None:
    used = {reference["name"] for reference in VARIABLE.finditer(FILE.read_text(encoding="utf-8"))}
    assert set(EXAMPLE) == used | {"COMPOSE_PROFILES"}


def test_the_example_has_the_defaults_and_leaves_every_secret_to_be_filled_in() -> None:
    for reference in VARIABLE.finditer(FILE.read_text(encoding="utf-8")):
        assert EXAMPLE[reference["name"]] == ("" if reference["kind"] == "?" else reference["value"]), reference["name"]


def test_nothing_starts_while_a_secret_is_missing() -> None:
    variables = dict.fromkeys(needed_variables(), "x")
    assert services(variables)
    for name in variables:
        with pytest.raises(KeyError, match=name):
            services(variables | {name: ""})


def test_no_secret_stands_in_it() -> None:
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            if SECRET.search(variable):
                assert re.fullmatch(r"\$\{\w+:\?[^}]*\}", value), (name, variable)
    for password in re.findall(r"://\w*:([^@/\n]*)@", FILE.read_text(encoding="utf-8")):
        assert password.startswith("${"), password


def test_every_setting_exists() -> None:
    named = {name for service in SERVICES.values() for name in service.get("environment", {})} | set(EXAMPLE)
    settings = {name for name in named if name.startswith("EMOLINE_")}
    assert "EMOLINE_DATABASE_URL" in settings
    assert [name for name in settings if not is_setting(name)] == []


def test_a_profile_chooses_where_the_model_runs_and_nothing_else() -> None:
    by_profile = {tuple(s["profiles"]): name for name, s in SERVICES.items() if "profiles" in s}
    assert by_profile == {("gpu",): "infer", ("cpu",): "infer-cpu"}
    assert EXAMPLE["COMPOSE_PROFILES"] == "gpu"
    gpu, cpu = SERVICES["infer"], SERVICES["infer-cpu"]
    assert gpu.keys() - cpu.keys() == {"deploy"}
    different = {key for key in cpu if gpu[key] != cpu[key]}
    assert different == {"profiles", "image", "build", "environment"}
    assert gpu["environment"] | {"EMOLINE_DEVICE": "cpu"} == cpu["environment"]


def test_prepare_and_infer_have_lower_cpu_weights() -> None:
    weights = {name: service["cpu_shares"] for name, service in SERVICES.items() if "cpu_shares" in service}
    assert weights == dict.fromkeys(("prepare", "infer", "infer-cpu"), 256)


@pytest.mark.parametrize("name", SERVICES)
def test_containers_have_minimal_privileges(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("privileged") is None
    if "build" in service:
        assert "user" not in service, "the image has one"
    else:
        assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"])
    assert service["restart"] == ("on-failure" if name == ONE_SHOT else "unless-stopped")


@pytest.mark.parametrize("name", SERVICES)
def test_only_this_machine_reaches_a_port(name: str) -> None:
    service = SERVICES[name]
    ports = service.get("ports", [])
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert RAW["networks"]["inside"] == {"internal": True}
    outside = "outside" in service["networks"]
    assert outside == (bool(ports) or "models:/models" in service.get("volumes", []) or name in ("deliver", "prepare"))


@pytest.mark.parametrize("name", SERVICES)
def test_datastores_have_volumes_and_pinned_images(name: str) -> None:
    service = SERVICES[name]
    if "build" not in service:
        assert re.search(r":\d+\.\d+", service["image"])
        assert service["volumes"]


def test_every_server_and_worker_has_a_check_and_time_to_end() -> None:
    for name, service in SERVICES.items():
        if name == ONE_SHOT:
            continue
        assert seconds(service["stop_grace_period"]) >= 10, name
        # The beat has no connection on which it could be asked.
        assert ("healthcheck" in service) == (name != "beat"), name
    lease = 30
    for name in ("prepare", "infer", "infer-cpu", "finish", "deliver"):
        assert seconds(SERVICES[name]["stop_grace_period"]) > lease, name
