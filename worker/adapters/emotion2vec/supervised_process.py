"""The model's process and its deadlines: what a batch may take follows from what batches took until now."""

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
"""How long a thread of the model's waits for the others by spinning. Left alone, OpenMP spins on where another process,
such as the decoder, has taken a core: measured on two cores with one busy, that made the model 100 times slower."""
_SLACK = 4.0
"""A busy machine may be so many times slower than it was until now."""


class Pace:
    """Deadlines for batches: `base_s` for what may come between, and for the sound itself four times the usual."""

    def __init__(self, base_s: float) -> None:
        self._base_s = base_s
        self._seconds_per_sample = 0.0

    def with_base(self, base_s: float) -> Pace:
        pace = Pace(base_s)
        pace._seconds_per_sample = self._seconds_per_sample
        return pace

    def deadline_s(self, samples: int) -> float:
        return self._base_s + _SLACK * self._seconds_per_sample * samples

    def seen(self, samples: int, seconds: float) -> None:
        """Slower than thought is believed at once, quicker by and by."""
        now = seconds / samples
        self._seconds_per_sample = max(now, (self._seconds_per_sample + now) / 2)


@dataclass(frozen=True, slots=True)
class Ready:
    """What the process says of its model: `batch` is how many samples are best analysed at once."""

    info: ModelInfo
    batch: int


class ModelProcess:
    """Batches in, arrays out, in order. Whatever goes wrong ends the process; a new one is a new object."""

    def __init__(self, command: Sequence[str]) -> None:
        self._child = Child(*command, environment={SPIN: os.environ.get(SPIN, SPIN_COUNT)})
        self._name = command[1]
        self._handed_over: deque[int] = deque()
        self._busy_since = 0.0
        self.took_s = 0.0
        """Seconds for which it was at work on the last answer."""

    @property
    def pid(self) -> int:
        return self._child.pid

    def ready(self) -> Ready:
        """Waits until the model is loaded. Raises ModelUnavailable."""
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
        """Gives it a batch, also while it works on another. Raises ModelTimeout, ModelCrash."""
        samples = sum(map(len, clips))
        if not self._handed_over:
            self._busy_since = time.monotonic()
        self._handed_over.append(samples)
        try:
            self._child.send(tag, protocol.pack_clips(clips), pace.deadline_s(sum(self._handed_over)))
        except ChildTimeout as error:
            raise ModelTimeout from error
        except ChildDied as error:
            raise ModelCrash from error

    def answer(self, pace: Pace) -> dict[str, NDArray[Any]]:
        """The arrays of the network's `Output` for the oldest batch without an answer.

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
        self.took_s = now - self._busy_since
        pace.seen(samples, self.took_s)
        self._busy_since = now
        return protocol.unpack_arrays(payload)

    def kill(self) -> None:
        """Ends it from any thread; whoever waits for it gets ModelCrash."""
        self._child.kill()

    def close(self) -> None:
        self._child.close()
