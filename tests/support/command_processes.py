"""Commands of Emoline as processes, forked from a process that has imported them.

Each has arguments, an environment and an output of its own, as if a shell had started it. To import everything takes
seconds of CPU, and the tests start a hundred commands. `make demo`, the processes of the compose file and the commands
of the documents are started as people start them.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Any

_FORK_SERVER: Any = multiprocessing.get_context("forkserver")
_FORK_SERVER.set_forkserver_preload(
    [
        "api.prefork",
        "celery.concurrency.thread",
        "celery.worker.worker",
        "cli",
        "cli.bulk_submit",
        "cli.embedded",
        "cli.terminal",
        "evaluation.run",
        "kombu.transport.redis",
        "shared.adapters.s3_object_store",
        "worker.celery_worker",
        "worker.offline.analyze",
        "worker.offline.plot",
        "worker.offline.report",
        "worker.offline.split",
    ]
)


class CommandProcess:
    """`emoline ARGUMENTS` as a process; `stdout` and `stderr` are files that it appends to."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], stdout: Path, stderr: Path) -> None:
        for file in (stdout, stderr):
            file.touch()
        run_arguments = (list(arguments), dict(environment), os.getcwd(), str(stdout), str(stderr))
        self._arguments = arguments
        self._process = _FORK_SERVER.Process(target=_run, args=run_arguments)
        self._process.start()
        self.pid: int = self._process.pid

    def poll(self) -> int | None:
        """Return the exit status, negative for a signal, or None while the process runs."""
        status: int | None = self._process.exitcode
        return status

    def wait(self, timeout_s: float) -> int:
        """Return the exit status. Raises TimeoutExpired."""
        self._process.join(timeout_s)
        status = self.poll()
        if status is None:
            raise TimeoutExpired(self._arguments, timeout_s)
        return status

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _run(arguments: list[str], environment: dict[str, str], folder: str, stdout: str, stderr: str) -> None:
    for number, path in ((1, stdout), (2, stderr)):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(file, number)
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["emoline", *arguments]
    from cli import app

    app()
