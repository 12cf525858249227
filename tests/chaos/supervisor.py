"""Processes of Emoline as an orchestrator runs them: one that ends is started again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Event, Thread
from typing import Self

from tests.support.processes import Process, wait_for

_EVERY_S = 0.2


class Supervisor:
    """Runs these commands while the context lasts; `restarts` counts the processes that were started again.

    `environments` are added to `environment`, one for each command.
    """

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        commands: Sequence[Sequence[str]],
        environments: Sequence[Mapping[str, str]] = (),
    ) -> None:
        self._folder = folder
        self._environments = [{**environment, **own} for own in environments or [{}] * len(commands)]
        self._commands = commands
        self._stop = Event()
        self._thread = Thread(target=self._restart_all, name="supervisor")
        self.restarts = 0

    def __enter__(self) -> Self:
        self._processes = [self._started(place) for place in range(len(self._commands))]
        self._thread.start()
        try:
            wait_for(*self._processes)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        for process in self._processes:
            process.__exit__()

    def kill(self, place: int) -> None:
        """kill -9."""
        self._processes[place].kill()

    def pid(self, place: int) -> int:
        return self._processes[place].process.pid

    def signal(self, place: int, number: int) -> None:
        self._processes[place].process.send_signal(number)

    def output(self, command: str) -> str:
        """Return the logs of all processes of a command, such as `infer`."""
        return "".join(log.read_text(errors="replace") for log in self._folder.glob(f"*-{command}.log"))

    def _started(self, place: int) -> Process:
        command = self._commands[place]
        name = next(word for word in reversed(command) if word.isalpha())
        return Process(self._folder / f"{place}-{name}.log", self._environments[place], *command).__enter__()

    def _restart_all(self) -> None:
        while not self._stop.wait(_EVERY_S):
            for place, process in enumerate(self._processes):
                if process.process.poll() is not None:
                    self._processes[place] = self._started(place)
                    self.restarts += 1
