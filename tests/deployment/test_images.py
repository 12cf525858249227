"""The Dockerfiles: linted, and true to the repository. No engine is needed, so none is built here."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from string import Template
from typing import Any

import pytest

from tests.support.compose import ROOT

DOCKERFILES = ["Dockerfile.api", "Dockerfile.gpu"]
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
HEAVY = {"torch", "torchaudio", "av", "funasr", "onnxruntime", "soundfile", "webrtcvad-wheels"}


def locked(name: str) -> set[str]:
    """`package==version` of everything in a lock."""
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    return set(re.findall(r"^([\w.-]+==[\w.]+)", text, re.MULTILINE))


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", DOCKERFILES)
def test_hadolint_finds_nothing(name: str) -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    completed = subprocess.run([hadolint, ROOT / name], capture_output=True, text=True, check=False)
    assert (completed.returncode, completed.stdout) == (0, "")


@pytest.mark.parametrize("name", DOCKERFILES)
def test_copied_paths_exist_and_are_not_ignored(name: str) -> None:
    ignored = read(".dockerignore").splitlines()
    lines = re.findall(r"^COPY (?!--)(.+)", read(name), re.MULTILINE)
    defaults = dict(re.findall(r"^ARG (\w+)=(\S+)$", read(name), re.MULTILINE))
    copied = [Template(source).substitute(defaults) for line in lines for source in line.split()[:-1]]
    assert "worker" in copied
    for source in copied:
        assert (ROOT / source).exists(), source
        assert f"!{source.partition('/')[0]}" in ignored, source


@pytest.mark.parametrize("name", DOCKERFILES)
def test_every_package_of_the_project_is_copied(name: str) -> None:
    packages = {pattern.rstrip("*") for pattern in PYPROJECT["tool"]["setuptools"]["packages"]["find"]["include"]}
    assert packages == {
        "adaptation",
        "api",
        "cli",
        "evaluation",
        "exports",
        "migrations",
        "reports",
        "shared",
        "worker",
    }
    assert {package for package in packages if f"\nCOPY {package} {package}\n" not in read(name)} == set()


@pytest.mark.parametrize("name", DOCKERFILES)
def test_the_wheels_of_the_client_and_of_the_service_are_built(name: str) -> None:
    builds = re.findall(r"uv build --wheel .+ --out-dir /wheels( emoline)?(?: \\)?$", read(name), re.MULTILINE)
    assert builds == [" emoline", ""]
    assert "\nCOPY emoline emoline\n" in read(name)


def test_the_client_and_the_service_have_one_version_and_the_service_is_not_published() -> None:
    service, client = PYPROJECT["project"], tomllib.loads(read("emoline/pyproject.toml"))["project"]
    assert (service["name"], client["name"]) == ("emoline-service", "emoline")
    assert service["version"] == client["version"]
    assert "Private :: Do Not Upload" in service["classifiers"]


@pytest.mark.parametrize("name", DOCKERFILES)
def test_an_image_is_the_command_line(name: str) -> None:
    assert '\nENTRYPOINT ["emoline"]\n' in read(name)


@pytest.mark.parametrize("name", DOCKERFILES)
def test_nothing_runs_as_root(name: str) -> None:
    stages = re.split(r"^FROM ", read(name), flags=re.MULTILINE)[1:]
    final = [stage for stage in stages if "\nCMD " in stage]
    assert len(final) == (1 if name == "Dockerfile.api" else 2)
    for stage in final:
        assert "\nUSER 10001:10001\n" in stage
        assert stage.rindex("\nRUN ") < stage.index("\nUSER ")


def test_both_build_on_one_python_that_the_locks_are_for() -> None:
    bases = {base for name in DOCKERFILES for base in re.findall(r"^FROM (python:\S+)", read(name), re.MULTILINE)}
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.11\.\d+-slim-trixie", bases.pop())


def test_tools_and_torch_are_the_versions_that_the_makefile_has() -> None:
    makefile = read("Makefile")
    uv, torch = re.search(r"uv==[\d.]+", makefile), re.search(r"^TORCH := (.+)$", makefile, re.MULTILINE)
    assert uv
    assert torch
    for name in DOCKERFILES:
        assert re.findall(r"uv==[\d.]+", read(name)) == [uv[0]], name
    gpu = PYPROJECT["project"]["optional-dependencies"]["gpu"]
    assert f'ARG TORCH="{" ".join(gpu)}"' in read("Dockerfile.gpu")
    assert gpu[0] == torch[1]
    assert f"TORCH: {torch[1]}\n" in read("docker-compose.yml")


def test_the_apis_lock_has_all_that_the_api_needs_and_nothing_that_only_workers_do() -> None:
    names = {package.partition("==")[0] for package in locked("api.lock")}
    client = tomllib.loads(read("emoline/pyproject.toml"))["project"]
    dependencies = PYPROJECT["project"]["dependencies"] + client["dependencies"]
    needed = {re.split(r"[\[>=<]", dependency)[0] for dependency in dependencies}
    assert needed - names == {client["name"]}  # whose wheel is built beside
    assert names & HEAVY == set()


def test_the_api_runs_the_same_versions_as_the_workers() -> None:
    assert locked("api.lock") - locked("runtime.lock") == set()
