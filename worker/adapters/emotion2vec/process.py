"""The model's process: `python -m worker.adapters.emotion2vec.process MODEL DEVICE`.

Only here are torch and FunASR imported. It loads the model, tries it once, and then answers one batch after the other.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from shared.domain.recording import SAMPLE_RATE
from worker.adapters.child import ChildDied, FramePipe
from worker.adapters.emotion2vec import protocol
from worker.adapters.emotion2vec.directory import ModelName, describe, resolve
from worker.adapters.emotion2vec.funasr_package import register_funasr
from worker.pipeline.errors import ModelUnavailable
from worker.pipeline.ports import Samples

_Answer = Callable[[Sequence[Samples]], list[dict[str, float]]]


def main() -> None:
    name, device = sys.argv[1:]
    pipe = FramePipe.to_parent()
    register_funasr()
    try:
        answer = _load(resolve(name), device, pipe)
    except ModelUnavailable as error:
        pipe.send(protocol.UNAVAILABLE, str(error).encode())
        return
    try:
        while True:
            _, payload = pipe.receive()
            pipe.send(protocol.SCORES, json.dumps(answer(protocol.unpack(payload))).encode())
    except ChildDied:  # the parent is gone or done
        return


def _load(name: ModelName, device: str, pipe: FramePipe) -> _Answer:
    """Loads, warms up and reports the model; returns what answers a batch."""
    directory = name.directory or _downloaded(name.name)
    with contextlib.redirect_stdout(None):  # FunASR prints advice about programs that are not needed
        from worker.adapters.emotion2vec.network import Network

    logging.getLogger().setLevel(logging.ERROR)  # FunASR logs at INFO through the root logger
    try:
        network = Network(directory, device)
        # The first forward is slow, and it shows a sick device before any segment is blamed for it.
        network.scores([np.zeros(SAMPLE_RATE, np.int16)])
    except ModelUnavailable:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise ModelUnavailable(
            f"The model {name.name} cannot be loaded or does not run on {device}: {reason}"
        ) from error
    pipe.send(protocol.READY, json.dumps(dataclasses.asdict(describe(name, directory))).encode())
    return network.scores


def _downloaded(hub_id: str) -> Path:
    from funasr.download.download_model_from_hub import get_or_download_model_dir

    try:
        return Path(get_or_download_model_dir(hub_id, "master"))
    except Exception as error:
        raise ModelUnavailable(
            f"The model {hub_id} could not be downloaded ({type(error).__name__}). Where there is no network, put its "
            "config.yaml, configuration.json, model.pt and tokens.txt into a directory and set EMOLINE_MODEL (or "
            "--model) to it."
        ) from error


if __name__ == "__main__":
    main()
