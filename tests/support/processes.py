"""The distributed service as `emoline serve` and `emoline worker …`, each a process of its own."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from typing import Self

from tests.support.command_processes import CommandProcess
from tests.support.service_client import Client
from tests.support.waiting import PATIENCE_S, wait_until

_READY = {"serve": "listens on", "beat": "beat.ready"}


class Process:
    """A command of Emoline that runs until the context is left; its output goes to a file."""

    process: CommandProcess | Popen[bytes]

    def __init__(self, log: Path, environment: Mapping[str, str], *arguments: str) -> None:
        self._arguments = arguments
        self._environment = os.environ | environment
        self._log = log
        self._ready = _READY.get(arguments[-1], _READY.get(arguments[0], "worker.ready"))

    def __enter__(self) -> Self:
        self.process = self._start()
        return self

    def _start(self) -> CommandProcess | Popen[bytes]:
        return CommandProcess(self._arguments, self._environment, self._log, self._log)

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def output(self) -> str:
        return self._log.read_text(errors="replace")

    @property
    def ready(self) -> bool:
        assert self.process.poll() is None, self.output
        return self._ready in self.output

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def status(self) -> int:
        """Wait for the exit status and return it."""
        return self.process.wait(PATIENCE_S)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE_S)


class ExecutedProcess(Process):
    """The same started from the file system, with the command line that others see; `prefix` stands before it."""

    prefix: Sequence[str] = ()

    def _start(self) -> Popen[bytes]:
        command = [*self.prefix, sys.executable, "-m", "cli", *self._arguments]
        with self._log.open("ab") as log:
            return Popen(command, env=self._environment, stderr=log, stdout=log)


@contextmanager
def api(folder: Path, environment: Mapping[str, str]) -> Iterator[Client]:
    """A client of `emoline serve`."""
    with Process(folder / "serve.log", environment, "serve", "--port", "0") as serve:
        wait_for(serve)
        with Client(base_url=url_of(serve)) as client:
            yield client


def url_of(serve: Process) -> str:
    """Return the URL at which a `serve` that is ready listens."""
    url = re.search(r"http://\S+", serve.output)
    assert url
    return url[0]


def wait_for(*processes: Process) -> None:
    """Wait until all processes are ready. Raises AssertionError with their output."""
    wait_until(lambda: all(process.ready for process in processes), lambda: [process.output for process in processes])
