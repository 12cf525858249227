"""The model's process: `python -m worker.adapters.emotion2vec.process MODEL DEVICE PRECISION MODELS_DIR`.

It downloads the model unless it is on this machine, loads it, and answers one batch after the other; the next batch is
read meanwhile. No other process imports torch and FunASR.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import os
import sys
import traceback
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING

from worker.adapters.child_process import ChildDied, FramePipe, lower_priority
from worker.adapters.emotion2vec import protocol
from worker.adapters.emotion2vec.model_directory import check_base, describe, resolve
from worker.pipeline.errors import ModelUnavailable

if TYPE_CHECKING:
    from worker.adapters.emotion2vec.network.engine import Batch, Engine


def main() -> None:
    """Load FunASR's engine and serve the model over standard input and output."""
    lower_priority()
    pipe = FramePipe.to_parent()
    logging.captureWarnings(True)  # FunASR's libraries warn on standard error, which would break the log's format
    with contextlib.redirect_stdout(None):  # FunASR advises to install programs that are not needed
        from worker.adapters.emotion2vec.network.engine import Engine

    logging.getLogger().setLevel(logging.ERROR)  # FunASR logs at INFO through the root logger
    run(pipe, Engine)


def run(pipe: FramePipe, engine_type: type[Engine]) -> None:
    """Load the model that the command line names, report it as ready, and answer batches until the parent ends.

    Ends the process when the parent is gone, even in the middle of an answer: the parent cannot kill it any more.
    """
    try:
        engine = load_engine(engine_type, *sys.argv[1:])
    except ModelUnavailable as error:
        pipe.send(protocol.UNAVAILABLE, str(error).encode())
        return
    ready = {"info": dataclasses.asdict(engine.info), "batch": engine.batch}
    pipe.send(protocol.READY, json.dumps(ready).encode())
    batches: SimpleQueue[Batch] = SimpleQueue()

    def receive() -> None:
        try:
            while True:
                batches.put(engine.read(*pipe.receive()))
        except ChildDied:
            os._exit(0)
        except Exception:
            traceback.print_exc()
            os._exit(1)

    Thread(target=receive, daemon=True).start()
    with contextlib.suppress(ChildDied):
        while True:
            pipe.send(*engine.answer(batches.get()))


def load_engine(engine_type: type[Engine], name: str, device: str, precision: str, models_dir: str) -> Engine:
    """Load the model of that name, downloaded if need be. Raises ModelUnavailable."""
    resolved = resolve(name, Path(models_dir))
    if resolved.directory:
        directory = resolved.directory
    else:
        from worker.adapters.emotion2vec.hub_download import download

        assert resolved.hub_model
        directory = download(resolved.hub_model, Path(models_dir))
    try:
        if resolved.head:
            check_base(resolved.head, directory)
        return engine_type(describe(resolved.head or directory), directory, device, precision, resolved.head)
    except ModelUnavailable:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise ModelUnavailable(f"The model {name} cannot be loaded or does not run on {device}: {reason}") from error


if __name__ == "__main__":
    main()
