"""The command line, run as a process of its own until it ends."""

from __future__ import annotations

import os
from pathlib import Path
from subprocess import CompletedProcess, TimeoutExpired
from tempfile import TemporaryDirectory

from tests.support.command_processes import CommandProcess
from tests.support.waiting import PATIENCE_S


def emoline(*arguments: object) -> CompletedProcess[str]:
    """Run a command to its end. Raises TimeoutExpired."""
    command = list(map(str, arguments))
    with TemporaryDirectory(prefix="emoline-output-") as folder:
        stdout, stderr = Path(folder, "stdout"), Path(folder, "stderr")
        process = CommandProcess(command, os.environ | {"COLUMNS": "120"}, stdout, stderr)
        try:
            status = process.wait(PATIENCE_S)
        except TimeoutExpired:
            process.kill()
            raise
        return CompletedProcess(command, status, stdout.read_text(), stderr.read_text())
