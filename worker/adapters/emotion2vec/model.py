"""The parent's side of the model: `worker.pipeline.ports.EmotionModel` over a process that is killed when it hangs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from threading import RLock
from typing import Self

from shared.domain.emotion import ModelInfo, Scores
from shared.domain.recording import SAMPLE_RATE
from worker.adapters.child import Child, ChildDied, ChildTimeout
from worker.adapters.emotion2vec import protocol
from worker.adapters.emotion2vec.directory import resolve
from worker.pipeline.errors import ModelCrash, ModelTimeout, ModelUnavailable
from worker.pipeline.ports import Samples

_MODULE = "worker.adapters.emotion2vec.process"
_LOAD_TIMEOUT_S = 3600.0
"""A first use may download two gigabytes."""
_LOOK_AGAIN_S = 0.1
_CPU_SECONDS_PER_SECOND = 4.0
"""The large model takes about one second for a second of sound on a slow core; this leaves room for a busy one."""


class Emotion2vecModel:
    """A context manager: the process lives as long. It is started again after it was killed or died.

    `problem` is a sentence that says why the model cannot answer now, or None. Raises ModelUnavailable at once for a
    model that cannot exist.
    """

    def __init__(self, model: str, device: str, segment_timeout_s: float) -> None:
        self.name = resolve(model).name
        self._device = device
        self._segment_timeout_s = segment_timeout_s
        self._child: Child | None = None
        self._info: ModelInfo | None = None
        self._closed = False
        self._in_use = RLock()
        self.problem: str | None = f"The model {self.name} is being loaded."

    def start(self) -> ModelInfo:
        """Starts the process unless it runs, and waits until the model is loaded. Raises ModelUnavailable."""
        with self._in_use:
            if self._closed:
                raise ModelUnavailable("The worker is being stopped.")
            if self._child is None or self._info is None:
                self._child = Child(_MODULE, self.name, self._device)
                try:
                    self._info = self._loaded(self._child)
                except ModelUnavailable as error:
                    self._drop()
                    self.problem = str(error)
                    raise
                self.problem = None
            return self._info

    @property
    def info(self) -> ModelInfo:
        return self.start()

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    def predict(self, clips: Sequence[Samples]) -> list[Scores]:
        with self._in_use:
            self.start()
            assert self._child is not None
            timeout = sum(map(self._timeout, clips))
            try:
                self._child.send(protocol.CLIPS, protocol.pack(clips), timeout)
                _, payload = self._child.receive(timeout)
            except ChildTimeout as error:
                self._drop()
                raise ModelTimeout from error
            except ChildDied as error:
                self._drop()
                if self._closed:  # the worker's doing, not the clips'
                    raise ModelUnavailable("The worker is being stopped.") from error
                raise ModelCrash from error
            scores: list[Scores] = json.loads(payload)
            return scores

    def close(self) -> None:
        """Ends the process for good, also under a `start` or `predict` in another thread."""
        self._closed = True
        while not self._in_use.acquire(timeout=_LOOK_AGAIN_S):
            if self._child:
                self._child.kill()
        self._drop()
        self._in_use.release()

    def _drop(self) -> None:
        child, self._child = self._child, None
        if child:
            child.close()

    def _timeout(self, clip: Samples) -> float:
        if self._device != "cpu":
            return self._segment_timeout_s
        return max(self._segment_timeout_s, _CPU_SECONDS_PER_SECOND * len(clip) / SAMPLE_RATE)

    def _loaded(self, child: Child) -> ModelInfo:
        try:
            tag, payload = child.receive(_LOAD_TIMEOUT_S)
        except (ChildTimeout, ChildDied) as error:
            raise ModelUnavailable(f"The process of the model {self.name} ended while loading it.") from error
        if tag == protocol.UNAVAILABLE:
            raise ModelUnavailable(payload.decode())
        values = json.loads(payload)
        return ModelInfo(**{**values, "labels": tuple(values["labels"])})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
