"""The API must run where neither torch nor a decoder is installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
WORKER_ONLY = ("torch", "funasr", "av", "webrtcvad", "soundfile", "matplotlib", "typer", "rich")


def test_the_api_imports_with_its_own_dependencies_alone(tmp_path: Path) -> None:
    uv = Path(sys.executable).parent / "uv"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    lock = ROOT / "requirements" / "runtime.lock"
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, "-c", lock, ROOT], check=True)
    script = "import importlib.util, api.app; print([n for n in {!r} if importlib.util.find_spec(n)])"
    done = subprocess.run(
        [python, "-c", script.format(WORKER_ONLY)], check=True, capture_output=True, text=True, cwd=tmp_path
    )
    assert done.stdout.strip() == "[]"
