"""The command line, run as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.support.waiting import PATIENCE_S


def emoline(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli", *map(str, arguments)]
    environment = os.environ | {"COLUMNS": "120"}
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, env=environment, check=False)
