"""`emoline bench` needs a checkout, whose folder `lab` is never installed."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli import app, bench

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], dict[str, str]]]:
    """Make `lab` impossible to import; collect the commands and environments that replace the process."""
    commands: list[tuple[list[str], dict[str, str]]] = []

    def execve(path: str, command: list[str], environment: dict[str, str]) -> Any:
        commands.append((command, dict(environment)))
        raise SystemExit(0)

    monkeypatch.setitem(sys.modules, "lab", None)
    monkeypatch.setattr(os, "execve", execve)
    monkeypatch.setattr(sys, "argv", ["emoline", "bench", "page", "--json"])
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    return commands


def test_an_installation_without_a_checkout_leaves_with_a_sentence(
    commands: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "_CHECKOUT", tmp_path)
    for name in ("engine", "pipeline", "segment", "service", "claims", "page"):
        result = CliRunner().invoke(app, ["bench", name])
        assert result.exit_code == 1
        assert "Benchmarks run from a checkout of Emoline" in " ".join(result.output.split())
    assert commands == []


def test_an_editable_installation_runs_the_command_again_with_its_checkout(commands: list[Any]) -> None:
    assert CliRunner().invoke(app, ["bench", "page", "--json"]).exit_code == 0
    [(command, environment)] = commands
    assert command == [sys.executable, "-m", "cli", "bench", "page", "--json"]
    assert environment["PYTHONPATH"] == os.pathsep.join([str(CHECKOUT), "elsewhere"])
