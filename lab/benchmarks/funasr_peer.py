"""FunASR as people run it, as the benchmarks' reference: `AutoModel.generate`, clip by clip."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from worker.adapters.emotion2vec.funasr_package import register_funasr
from worker.pipeline.ports import Samples

_FULL_SCALE = 32768

Peer = Callable[[Samples], list[float]]
"""The scores of a clip [n] by label, in the order of `tokens.txt`."""


def load_auto_model(directory: Path, device: str, threads: int) -> Any:
    """Load a model directory as FunASR's `AutoModel`, which knows only Emotion2vec and its tokenizer.

    To import all models of FunASR takes 17 s of CPU. Sets torch's threads, as FunASR does with every call.
    """
    register_funasr()
    for module in ("funasr.models.emotion2vec.model", "funasr.tokenizer.char_tokenizer"):
        import_module(module)  # which registers its class with FunASR
    from funasr.auto.auto_model import AutoModel

    return AutoModel(model=str(directory), disable_update=True, disable_pbar=True, ncpu=threads, device=device)


def load_peer(directory: Path, device: str, threads: int) -> Peer:
    """Load a model directory into FunASR."""
    model = load_auto_model(directory, device, threads)

    def generate(clip: Samples) -> list[float]:
        sound = clip.astype(np.float32) / _FULL_SCALE
        (answer,) = model.generate(sound, granularity="utterance", extract_embedding=False)
        scores: list[float] = answer["scores"]
        return scores

    return generate


@contextmanager
def funasr_silenced() -> Iterator[None]:
    """Discard FunASR's output and logs while the context lasts: it prints to stdout, where results go."""
    logging.disable(logging.WARNING)
    try:
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(logging.NOTSET)
