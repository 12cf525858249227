"""The Helm chart: linted, rendered and validated where `make chart` has installed Helm, and checked without it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from tests.support.compose import ROOT, is_setting, needed_variables, seconds, services
from tests.support.servers.missing import leave_out

CHART = ROOT / "deploy" / "helm" / "emoline"
EXAMPLE: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "helm" / "example.yaml").read_text(encoding="utf-8"))
HELM = Path(sys.prefix) / "helm"
RENDER = """
import json, sys, helm_python as helm
path, values = sys.argv[1], json.loads(sys.argv[2])
with helm.Chart.load(path) as chart:
    texts = chart.render(values, name="demo", namespace="voices")
print(json.dumps([texts, helm.lint(path, values, strict=True)]))
"""
OF_OTHERS = {"keda.sh/v1alpha1", "monitoring.coreos.com/v1"}
"""The schemas of these come with KEDA and with Prometheus' operator."""
OLDEST = "1.30"
"""The version in Chart.yaml."""

PLAIN: dict[str, Any] = {}
WITHOUT_GPU: dict[str, Any] = {"infer": {"gpu": False, "modelsClaim": "models"}}
WITH_ALL: dict[str, Any] = {
    "scaling": {"enabled": True},
    "metrics": {"enabled": True, "podMonitor": True, "from": [{"namespaceSelector": {}}]},
    "images": {"pullSecrets": [{"name": "registry"}], "api": {"tag": "1.2.3"}},
    "api": {"hosts": ["voices.example"]},
    "infer": {"nodeSelector": {"gpu": "yes"}, "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}]},
}
ANNOTATED: dict[str, Any] = {"metrics": {"enabled": True}}
VARIANTS = [PLAIN, WITHOUT_GPU, WITH_ALL, ANNOTATED]


def merged(values: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Merge values as Helm does."""
    nested = {key: merged(values[key], over[key]) for key in over if isinstance(values.get(key), dict)}
    return {**values, **over, **nested}


@cache
def helm(values: str) -> Any:
    if not HELM.is_dir():
        leave_out("There is no Helm here; `make chart` installs it.")
    command = [sys.executable, "-c", RENDER, str(CHART), values]
    environment = {**os.environ, "PYTHONPATH": str(HELM)}
    completed = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stderr
    return json.loads(completed.stdout)


def rendered(over: Mapping[str, Any]) -> list[dict[str, Any]]:
    texts, _ = helm(json.dumps(merged(EXAMPLE, over)))
    return [document for text in texts.values() for document in yaml.safe_load_all(text) if document]


def of_kind(documents: list[dict[str, Any]], *kinds: str) -> dict[str, Any]:
    return {document["metadata"]["name"]: document for document in documents if document["kind"] in kinds}


def pods(documents: list[dict[str, Any]]) -> dict[str, Any]:
    """The pods' specs by component."""
    workloads = of_kind(documents, "Deployment", "Job").values()
    return {
        document["metadata"]["labels"]["app.kubernetes.io/component"]: document["spec"]["template"]["spec"]
        for document in workloads
    }


@pytest.mark.parametrize("over", VARIANTS)
def test_helm_finds_nothing_wrong(over: dict[str, Any]) -> None:
    _, report = helm(json.dumps(merged(EXAMPLE, over)))
    assert report["errors"] == []
    assert [message for message in report["messages"] if message["error"] != "icon is recommended"] == []


@pytest.mark.parametrize("over", VARIANTS)
def test_rendered_manifests_are_valid_for_kubernetes(over: dict[str, Any]) -> None:
    checked = 0
    for document in rendered(over):
        if document["apiVersion"] not in OF_OTHERS:
            for version in (OLDEST, kubernetes_validate.latest_version()):
                kubernetes_validate.validate(document, version, strict=True)
            checked += 1
    assert checked >= 13


def test_every_pod_is_confined_and_has_what_it_mounts() -> None:
    for component, pod in pods(rendered(WITH_ALL)).items():
        assert pod["securityContext"]["runAsNonRoot"] is True, component
        assert pod["automountServiceAccountToken"] is False, component
        (container,) = pod["containers"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }, component
        assert container["resources"]["limits"]["memory"], component
        mounted = {mount["name"] for mount in container["volumeMounts"]}
        assert mounted == {volume["name"] for volume in pod["volumes"]}, component


def test_secrets_come_by_reference_only() -> None:
    documents = rendered(WITH_ALL)
    assert of_kind(documents, "Secret") == {}
    for component, pod in pods(documents).items():
        assert pod["containers"][0]["envFrom"] == [{"secretRef": {"name": "emoline"}}], component


def test_every_setting_exists() -> None:
    for component, pod in pods(rendered(WITH_ALL)).items():
        names = [variable["name"] for variable in pod["containers"][0]["env"]]
        assert len(names) == len(set(names)), component
        assert [name for name in names if not (name.startswith("AWS_") or is_setting(name))] == []


def test_selectors_find_their_pods_and_nothing_is_named_that_is_not_there() -> None:
    documents = rendered(WITH_ALL)
    labels = [d["spec"]["template"]["metadata"]["labels"] for d in of_kind(documents, "Deployment").values()]
    selectors = [d["spec"]["selector"] for d in of_kind(documents, "Service").values()]
    for document in of_kind(documents, "Deployment", "PodDisruptionBudget").values():
        selectors.append(document["spec"]["selector"]["matchLabels"])
    for selector in selectors:
        assert sum(selector.items() <= pod.items() for pod in labels) == 1, selector
    (authentication,) = of_kind(documents, "TriggerAuthentication")
    for scaled in of_kind(documents, "ScaledObject").values():
        target = of_kind(documents, "Deployment")[scaled["spec"]["scaleTargetRef"]["name"]]
        assert "replicas" not in target["spec"], "the scaler's, or each upgrade would set it back"
        assert scaled["spec"]["triggers"][0]["authenticationRef"] == {"name": authentication}


def test_the_pods_do_what_compose_does() -> None:
    compose = services(dict.fromkeys(needed_variables(), "x"))
    for component, pod in pods(rendered(PLAIN)).items():
        (container,), service = pod["containers"], compose[component]
        assert container["args"] == service["command"], component
        assert container["image"].partition(":")[0] == service["image"], component
        if component in ("prepare", "infer", "finish", "deliver"):
            check = service["healthcheck"]["test"]
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                assert ["CMD", *container[probe]["exec"]["command"]] == check, component
            assert pod["terminationGracePeriodSeconds"] == seconds(service["stop_grace_period"]), component


def test_the_api_answers_its_probes_and_its_names() -> None:
    (container,) = pods(rendered(WITH_ALL))["api"]["containers"]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"]["path"] == "/livez"
        assert container[probe]["httpGet"]["httpHeaders"] == [{"name": "Host", "value": "localhost"}]
    environment = {variable["name"]: variable["value"] for variable in container["env"]}
    hosts = json.loads(environment["EMOLINE_ALLOWED_HOSTS"])
    assert {"demo-emoline-api", "demo-emoline-api.voices.svc.cluster.local", "voices.example"} <= set(hosts)


@pytest.mark.parametrize(("over", "device", "gpus"), [(PLAIN, "cuda", 1), (WITHOUT_GPU, "cpu", None)])
def test_a_gpu_is_asked_for_where_the_model_runs_on_one(over: dict[str, Any], device: str, gpus: int | None) -> None:
    for component, pod in pods(rendered(over)).items():
        (container,) = pod["containers"]
        environment = {variable["name"]: variable["value"] for variable in container["env"]}
        infers = component == "infer"
        assert container["resources"]["limits"].get("nvidia.com/gpu") == (gpus if infers else None), component
        assert environment.get("EMOLINE_DEVICE") == (device if infers else None), component


def test_prometheus_finds_the_metrics_of_every_pod_that_has_some() -> None:
    documents = rendered(WITH_ALL)
    (monitor,) = of_kind(documents, "PodMonitor").values()
    (named,) = monitor["spec"]["selector"]["matchExpressions"]
    ports = [endpoint["port"] for endpoint in monitor["spec"]["podMetricsEndpoints"]]
    workloads = pods(documents)
    assert set(named["values"]) == set(workloads) - {"migrate", "beat"}
    for component in named["values"]:
        (container,) = workloads[component]["containers"]
        (port,) = [port for port in container["ports"] if port["name"] in ports]
        environment = {variable["name"]: variable["value"] for variable in container["env"]}
        if component != "api":
            assert environment["EMOLINE_METRICS_PORT"] == str(port["containerPort"]), component
            assert environment["EMOLINE_METRICS_HOST"] == "0.0.0.0", component
    for policy in of_kind(documents, "NetworkPolicy").values():
        (ingress,) = policy["spec"]["ingress"]
        assert ingress["from"] == [{"podSelector": {}}, {"namespaceSelector": {}}]
        assert ingress["ports"][0]["port"] in ports


def test_without_a_monitor_annotations_say_where_the_metrics_are_and_without_metrics_nothing_is_open() -> None:
    for document in of_kind(rendered(ANNOTATED), "Deployment").values():
        pod = document["spec"]["template"]
        component = pod["metadata"]["labels"]["app.kubernetes.io/component"]
        if component == "beat":
            assert "annotations" not in pod["metadata"]
        else:
            (port,) = pod["spec"]["containers"][0]["ports"]
            assert pod["metadata"]["annotations"]["prometheus.io/port"] == str(port["containerPort"])
    plain = rendered(PLAIN)
    assert of_kind(plain, "PodMonitor") == {}
    assert [policy["spec"].get("ingress") for policy in of_kind(plain, "NetworkPolicy").values()] == [
        [{"from": [{"podSelector": {}}], "ports": [{"port": "http"}]}],
        None,
    ]
    for component, pod in pods(plain).items():
        assert ("ports" in pod["containers"][0]) == (component == "api")


def test_the_scaler_uses_the_tested_queries() -> None:
    for name, scaled in of_kind(rendered(WITH_ALL), "ScaledObject").items():
        query = CHART / "queries" / f"{name.rpartition('-')[2]}.sql"
        (trigger,) = scaled["spec"]["triggers"]
        assert trigger["metadata"]["query"] == query.read_text(encoding="utf-8").strip()


@pytest.mark.parametrize(
    "over",
    [
        {"existingSecret": ""},
        {"settings": {"EMOLINE_STORE_URL": "recordings"}},
        {"settings": {"EMOLINE_DATABASE_URL": "postgresql://me:secret@host/db"}},
        {"settings": {"AWS_SECRET_ACCESS_KEY": "secret"}},
        {"settings": {"DEBUG": "1"}},
        {"settings": {"EMOLINE_METRICS_PORT": "9100"}},
        {"metrics": {"from": "everywhere"}},
        {"settings": {"EMOLINE_LEASE_S": 30}},
        {"infer": {"replica": 2}},
    ],
)
def test_values_that_cannot_be_meant_are_refused(over: dict[str, Any]) -> None:
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    values = merged(yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8")), EXAMPLE)
    jsonschema.validate(values, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(merged(values, over), schema)


def test_every_setting_that_the_chart_names_exists() -> None:
    named: set[str] = set()
    for file in [*CHART.rglob("*.yaml"), *CHART.rglob("*.tpl"), *CHART.rglob("*.json")]:
        named |= set(re.findall(r"EMOLINE_[A-Z][A-Z0-9_]*", file.read_text(encoding="utf-8")))
    assert "EMOLINE_STORE_URL" in named
    assert [name for name in named if not is_setting(name)] == []
