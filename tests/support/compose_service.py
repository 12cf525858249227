"""A service of docker-compose.yml as a plain process: its own command line, environment, check and time to end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.compose import seconds
from tests.support.waiting import PATIENCE_S, wait_until

PROGRAMS = Path(sys.executable).parent
_ENTRYPOINT = ["emoline"]
"""The entrypoint of the images that are built here, see tests/deployment/test_images.py."""

# It ends with the tests, however they do; the status is the service's.
_UNTIL_STDIN_CLOSES = '"$@" < /dev/null & service=$!; read _; kill -TERM $service; wait $service'


class Container:
    """A process that runs from `start` to `stop`; a context manager that leaves nothing running.

    `programs` is the PATH. The working directory is a folder that the image could not write to.
    """

    def __init__(self, name: str, service: dict[str, Any], folder: Path, programs: str) -> None:
        self.name = name
        self._service = service
        self._root, self._log, scratch = folder / name, folder / f"{name}.log", folder / "tmp"
        self._root.mkdir(exist_ok=True)
        scratch.mkdir(exist_ok=True)
        self._environment = {"PATH": programs, "HOME": str(scratch), "TMPDIR": str(scratch)}
        self._environment |= service.get("environment", {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def output(self) -> str:
        return f"{self.name}: {self._log.read_text(errors='replace')}"

    @property
    def wrote(self) -> list[Path]:
        """The files that it left outside of its temporary folder and its volumes."""
        return list(self._root.iterdir())

    def run(self) -> int:
        """Run it to its end and return the exit status."""
        with self._log.open("ab") as log:
            return subprocess.run(
                self._command, env=self._environment, cwd=self._root, stdout=log, stderr=log, timeout=PATIENCE_S
            ).returncode

    def start(self) -> None:
        command = ["sh", "-c", _UNTIL_STDIN_CLOSES, "sh", *self._command]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                env=self._environment,
                cwd=self._root,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def healthy(self) -> bool:
        """Run its health check once and return True if it passed."""
        check = self._service["healthcheck"]
        kind, *test = check["test"]
        command = test if kind == "CMD" else ["sh", "-c", *test]
        timeout = seconds(check["timeout"])
        try:
            completed = subprocess.run(
                command, env=self._environment, cwd=self._root, capture_output=True, timeout=timeout
            )
        except subprocess.TimeoutExpired:
            return False
        return completed.returncode == 0

    def wait_until_healthy(self) -> None:
        wait_until(self.healthy, lambda: self.output)

    def stop(self) -> int:
        """Send SIGTERM, wait as long as compose would, and return the exit status. Raises TimeoutExpired."""
        assert self._process
        self._process.communicate(timeout=seconds(self._service["stop_grace_period"]))
        return self._process.returncode

    def __enter__(self) -> Container:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process and self._process.returncode is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.communicate()

    @property
    def _command(self) -> list[str]:
        command: list[str] = self._service["command"]
        return [*_ENTRYPOINT, *command] if "build" in self._service else command


def valkey_programs(folder: Path, port: int) -> Path:
    """Make a folder with Valkey's programs as scripts that run Redis, the server on `port`."""
    programs, data = folder / "valkey-programs", folder / "valkey-data"
    for new_folder in (programs, data):
        new_folder.mkdir()
    for name, command in {
        "valkey-server": f'redis-server "$@" --port {port} --bind 127.0.0.1 --dir {data}',
        "valkey-cli": f'redis-cli -p {port} "$@"',
    }.items():
        (programs / name).write_text(f"#!/bin/sh\nexec {PROGRAMS}/{command}\n")
        (programs / name).chmod(0o755)
    return programs
