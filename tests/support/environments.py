"""Environments of their own, empty but for the packages that a test installs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.waiting import PATIENCE_S

ROOT = Path(__file__).parents[2]
API_LOCK = ROOT / "requirements" / "api.lock"


class Environment:
    """A virtual environment in `folder` with this interpreter."""

    def __init__(self, folder: Path) -> None:
        self._uv = Path(sys.executable).parent / "uv"
        self._folder = folder
        subprocess.run([self._uv, "venv", "--quiet", "--python", sys.executable, folder / "venv"], check=True)
        self.programs = folder / "venv" / "bin"
        self.python = self.programs / "python"

    def install(self, *arguments: str | Path) -> None:
        command = [self._uv, "pip", "install", "--quiet", "--python", self.python, *arguments]
        subprocess.run(list(map(str, command)), check=True)

    def copy_of_client(self) -> Path:
        """Copy ./emoline to a folder to install from: a build leaves files beside the sources."""
        ignored = shutil.ignore_patterns("build", "*.egg-info", "__pycache__")
        return Path(shutil.copytree(ROOT / "emoline", self._folder / "emoline", ignore=ignored))

    def run(self, script: str, folder: Path) -> str:
        """Run a Python script in `folder` and return its output."""
        command = [str(self.python), "-I", "-c", script]
        completed = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S)
        assert completed.returncode == 0, completed.stderr
        return completed.stdout
