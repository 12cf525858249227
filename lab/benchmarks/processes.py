"""Processes of a benchmark that begin at the same moment."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any


def run_together(
    command: Sequence[str], processes: int, environment: Mapping[str, str] | None = None
) -> tuple[list[dict[str, Any]], float]:
    """Run a command in several processes; return the JSON document that each prints, and the seconds until all ended.

    A process prints the line "ready", begins at the end of its input, and prints its document at the end.
    """
    pipe, variables = subprocess.PIPE, os.environ | dict(environment or {})
    with ExitStack() as opened:
        running = [
            opened.enter_context(subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=variables))
            for _ in range(processes)
        ]
        for process in running:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
        began = time.perf_counter()
        for process in running:
            assert process.stdin
            process.stdin.close()
        documents = [json.loads(process.stdout.read()) for process in running if process.stdout]
        return documents, time.perf_counter() - began
