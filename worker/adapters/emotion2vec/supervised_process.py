"""Supervise the model's process: the deadline of a batch follows from the times of earlier batches."""

from __future__ import annotations

import json
import os
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from shared.domain.emotion import ModelInfo
from worker.adapters.child_process import Child, ChildDied, ChildTimeout
from worker.adapters.emotion2vec import protocol
from worker.pipeline.errors import ModelCrash, ModelOutOfMemory, ModelTimeout, ModelUnavailable
from worker.pipeline.ports import Samples

_LOAD_TIMEOUT_S = 3600.0
"""A first use may download two gigabytes."""
SPIN, SPIN_COUNT = "GOMP_SPINCOUNT", "3000"
"""A limit on the time for which OpenMP's threads spin while they wait for each other. By default they spin on while
another process, such as a decoder, has their core: measured on two cores with one busy, that made the model 100 times
slower."""
_SLACK = 4.0
"""The factor by which a busy machine may become slower than it was."""


class Pace:
    """The model's pace, and the deadlines that follow: `base_s` seconds plus four times the usual time per sample."""

    def __init__(self, base_s: float) -> None:
        self._base_s = base_s
        self._seconds_per_sample = 0.0

    def with_base(self, base_s: float) -> Pace:
        """The same pace with another base."""
        pace = Pace(base_s)
        pace._seconds_per_sample = self._seconds_per_sample
        return pace

    @property
    def samples_per_s(self) -> float:
        """The samples at 16 kHz in a second, 0 before the first batch."""
        return 1 / self._seconds_per_sample if self._seconds_per_sample else 0.0

    def deadline_s(self, samples: int) -> float:
        """The seconds allowed for a batch of `samples` at 16 kHz."""
        return self._base_s + _SLACK * self._seconds_per_sample * samples

    def observe(self, samples: int, seconds: float) -> None:
        """Adapt to the time of a batch: at once if it was slower, by half if it was faster."""
        latest = seconds / samples
        self._seconds_per_sample = max(latest, (self._seconds_per_sample + latest) / 2)


@dataclass(frozen=True, slots=True)
class Ready:
    """The first message of the process: its model, and the best batch size in samples at 16 kHz."""

    info: ModelInfo
    batch: int


class ModelProcess:
    """One process of the model: batches in, arrays out, in order. After an error it is of no use; start another."""

    def __init__(self, command: Sequence[str]) -> None:
        self._child = Child(*command, environment={SPIN: os.environ.get(SPIN, SPIN_COUNT)})
        self._name = command[1]
        self._handed_over: deque[int] = deque()
        self._busy_since = 0.0
        self.batch_time_s = 0.0
        """Seconds of work on the last answer."""

    @property
    def pid(self) -> int:
        """The process id."""
        return self._child.pid

    def wait_until_ready(self) -> Ready:
        """Wait until the model is loaded. Raises ModelUnavailable."""
        try:
            tag, payload = self._child.receive(_LOAD_TIMEOUT_S)
        except (ChildTimeout, ChildDied) as error:
            raise ModelUnavailable(f"The process of the model {self._name} ended while loading it.") from error
        if tag == protocol.UNAVAILABLE:
            raise ModelUnavailable(payload.decode())
        values = json.loads(payload)
        info = values["info"]
        return Ready(ModelInfo(**{**info, "labels": tuple(info["labels"])}), values["batch"])

    def hand_over(self, tag: bytes, clips: Sequence[Samples], pace: Pace) -> None:
        """Send a batch of clips [n], also while the process works on another. Raises ModelTimeout, ModelCrash."""
        samples = sum(map(len, clips))
        if not self._handed_over:
            self._busy_since = time.monotonic()
        self._handed_over.append(samples)
        try:
            self._child.send(tag, *protocol.pack_clips(clips), timeout=pace.deadline_s(sum(self._handed_over)))
        except ChildTimeout as error:
            raise ModelTimeout from error
        except ChildDied as error:
            raise ModelCrash from error

    def answer(self, pace: Pace) -> dict[str, NDArray[Any]]:
        """Receive the arrays of the network's `Output` for the oldest batch in hand, and adapt `pace` to its time.

        Raises ModelTimeout, ModelCrash, ModelOutOfMemory.
        """
        samples = self._handed_over[0]
        try:
            tag, payload = self._child.receive(pace.deadline_s(samples))
        except ChildTimeout as error:
            raise ModelTimeout from error
        except ChildDied as error:
            raise ModelCrash from error
        if tag == protocol.OUT_OF_MEMORY:
            raise ModelOutOfMemory
        self._handed_over.popleft()
        now = time.monotonic()
        self.batch_time_s = now - self._busy_since
        pace.observe(samples, self.batch_time_s)
        self._busy_since = now
        return protocol.unpack_arrays(payload)

    def kill(self) -> None:
        """Kill the process, from any thread; a thread that waits for an answer gets ModelCrash."""
        self._child.kill()

    def close(self) -> None:
        """Kill the process and close its pipes."""
        self._child.close()
