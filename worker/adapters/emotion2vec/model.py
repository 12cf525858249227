"""Score clips with emotion2vec in a supervised process: the parent's side."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from threading import RLock
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from shared.domain.emotion import ModelInfo
from shared.domain.recording import SAMPLE_RATE
from shared.settings import MODELS_DIR
from worker import metrics
from worker.adapters.emotion2vec import protocol
from worker.adapters.emotion2vec.model_directory import resolve
from worker.adapters.emotion2vec.supervised_process import ModelProcess, Pace, Ready
from worker.pipeline.errors import ModelCrash, ModelOutOfMemory, ModelTimeout, ModelUnavailable
from worker.pipeline.ports import Prediction, Samples

_MODULE = "worker.adapters.emotion2vec.process"
_CLOSE_POLL_S = 0.1
_AHEAD = 1
"""Batches sent ahead while the model works on one."""
_SICK_AFTER = 3
"""Kills in a row after which the device is tested, because it may be at fault, and not the clips."""
_PROBE_TIMEOUT_S = 60.0
"""The first clip initialises the device, which takes far longer than the clip."""
_PROBE_S = 1
_LONG_PROBE_S = 25


class Emotion2vecModel:
    """`worker.pipeline.ports.EmotionModel` by emotion2vec (Ma et al. 2023, arXiv:2312.15185) in a process of its own.

    A context manager: leaving it ends the process. The process starts with the first use, is killed when it hangs, and
    is started again after it died. Each new process must first score a known sound. If three in a row fail, the device
    is at fault, and no clip is blamed.

    `name` is the model's name, `problem` a sentence with the reason for which it is not available now, or None.
    `segment_timeout_s` is the time in seconds allowed for a clip besides the time for its sound. `batch_s` is the batch
    size in seconds of sound, by default the best for the device. `models_dir` is the folder of downloads. `module` is
    the program of the process.

    Raises:
        ModelUnavailable: there can be no model of that name.
    """

    def __init__(
        self,
        model: str,
        device: str = "cpu",
        precision: str = "fp32",
        *,
        segment_timeout_s: float,
        batch_s: float | None = None,
        models_dir: Path = MODELS_DIR,
        module: str = _MODULE,
    ) -> None:
        resolved = resolve(model, models_dir)
        self.name = resolved.name
        self._device = device
        self._command = (module, self.name, device, precision, str(models_dir))
        self._segment_timeout_s = segment_timeout_s
        self._pace = Pace(segment_timeout_s)
        self._batch = int(batch_s * SAMPLE_RATE) if batch_s else None
        self._process: ModelProcess | None = None
        self._info: ModelInfo | None = None
        self._kills = 0
        self._closed = False
        self._in_use = RLock()
        action = "loaded" if resolved.directory else "downloaded"
        self.problem: str | None = f"The model {self.name} is being {action}."

    def start(self) -> ModelInfo:
        """Start the process unless it runs, and wait until the model is ready. Raises ModelUnavailable."""
        if self._process and self._info:  # without the lock, which another thread may hold while it predicts
            return self._info
        with self._in_use:
            if self._process is None or self._info is None:
                try:
                    ready = self._start_process()
                except ModelUnavailable as error:
                    self._drop()
                    self.problem = str(error)
                    raise
                self._info, self._batch = ready.info, self._batch or ready.batch
                metrics.set_model(ready.info)
                self.problem = None
            return self._info

    @property
    def info(self) -> ModelInfo:
        """The model's name, revision, hash, labels and precision; starts the process. Raises ModelUnavailable."""
        return self.start()

    @property
    def batch(self) -> int:
        """The best batch size in samples at 16 kHz; starts the process. Raises ModelUnavailable."""
        self.start()
        assert self._batch
        return self._batch

    @property
    def samples_per_s(self) -> float:
        """The samples at 16 kHz that the process scored in a second of late; 0 before the first batch."""
        return self._pace.samples_per_s

    @property
    def pid(self) -> int | None:
        """The process id, or None if no process runs."""
        return self._process.pid if self._process else None

    def predict(
        self, batches: Iterable[Sequence[Samples]], *, frame_embeddings: bool = False
    ) -> Iterator[list[Prediction]]:
        """Predict each batch of clips [n] at 16 kHz, int16; one caller at a time.

        Raises:
            ModelTimeout, ModelCrash: this batch got no prediction; a smaller one may.
            ModelOutOfMemory: this batch is too large; `batch` is smaller now.
            ModelUnavailable: the model cannot run at all.
        """
        tag = protocol.EMBED if frame_embeddings else protocol.CLIPS
        with self._in_use:
            labels = self.start().labels
            for arrays in self._answers(tag, batches):
                yield _predictions(arrays, labels)

    def close(self) -> None:
        """End the process for good, also during `start` or `predict` in another thread."""
        self._closed = True
        while not self._in_use.acquire(timeout=_CLOSE_POLL_S):
            if self._process:
                self._process.kill()
        self._drop()
        self._in_use.release()

    def _start_process(self) -> Ready:
        """Start a process that passes the probe. Raises ModelUnavailable after three that do not."""
        for _ in range(_SICK_AFTER):
            if self._closed:
                raise ModelUnavailable("The worker is being stopped.")
            self._process = ModelProcess(self._command)
            ready = self._process.wait_until_ready()
            try:
                self._pace = self._probe(self._process)
            except (ModelTimeout, ModelCrash):
                self._drop()
            else:
                return ready
        raise ModelUnavailable(
            f"The device {self._device} is at fault: the model {self.name} was started {_SICK_AFTER} times and never "
            "answered."
        )

    def _probe(self, process: ModelProcess) -> Pace:
        """Score noise twice: the first run initialises the device, the second shows its pace.

        Raises ModelTimeout, ModelCrash, ModelUnavailable.
        """
        seconds = _LONG_PROBE_S if self._kills >= _SICK_AFTER else _PROBE_S
        noise = np.random.default_rng(0).normal(0, 3000, seconds * SAMPLE_RATE).astype(np.int16)
        try:
            for _ in range(2):
                pace = Pace(_PROBE_TIMEOUT_S)
                process.hand_over(protocol.CLIPS, [noise], pace)
                process.answer(pace)
        except ModelOutOfMemory as error:
            raise ModelUnavailable(f"The device {self._device} has too little memory for {self.name}.") from error
        return pace.with_base(self._segment_timeout_s)

    def _answers(self, tag: bytes, batches: Iterable[Sequence[Samples]]) -> Iterator[dict[str, NDArray[Any]]]:
        process = self._process
        assert process
        handed_over: deque[Sequence[Samples]] = deque()
        try:
            for batch in batches:
                handed_over.append(batch)
                process.hand_over(tag, batch, self._pace)
                if len(handed_over) > _AHEAD:
                    yield self._answer(process, handed_over)
            while handed_over:
                yield self._answer(process, handed_over)
        except (ModelTimeout, ModelCrash) as error:
            if self._closed:  # `close` killed the process, not the clips
                raise ModelUnavailable("The worker is being stopped.") from error
            self._kills += 1
            metrics.MODEL_KILLS.labels("timeout" if isinstance(error, ModelTimeout) else "crash").inc()
            raise
        except ModelOutOfMemory as error:
            batch = handed_over[0]
            if len(batch) == 1:
                message = f"The device {self._device} has too little memory for one segment."
                raise ModelUnavailable(message) from error
            self._batch = sum(map(len, batch)) // 2
            raise
        finally:
            if handed_over:  # the answers to these batches are not read any more
                self._drop()

    def _answer(self, process: ModelProcess, handed_over: deque[Sequence[Samples]]) -> dict[str, NDArray[Any]]:
        arrays = process.answer(self._pace)
        batch = handed_over.popleft()
        metrics.observe_batch(len(batch), sum(map(len, batch)), process.batch_time_s, self.batch)
        self._kills = 0
        return arrays

    def _drop(self) -> None:
        process, self._process = self._process, None
        if process:
            process.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _predictions(arrays: dict[str, NDArray[Any]], labels: Sequence[str]) -> list[Prediction]:
    ends = np.cumsum(arrays["frames"])[:-1]
    logits = np.split(arrays["logits"], ends)
    embedded = "frame_embeddings" in arrays
    frame_embeddings = np.split(arrays["frame_embeddings"], ends) if embedded else [None] * len(logits)
    clips = zip(arrays["scores"].tolist(), logits, arrays["embeddings"], frame_embeddings, strict=True)
    predictions = [Prediction(dict(zip(labels, scores, strict=True)), *parts) for scores, *parts in clips]
    if "p_values" not in arrays:
        return predictions
    calibrated = zip(predictions, arrays["p_values"].tolist(), arrays["unfamiliarity"].tolist(), strict=True)
    return [
        replace(prediction, p_values=dict(zip(labels, p_values, strict=True)), unfamiliarity=unfamiliarity)
        for prediction, p_values, unfamiliarity in calibrated
    ]
