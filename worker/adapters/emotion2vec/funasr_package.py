"""Import single modules of FunASR without the whole package."""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec


def register_funasr() -> None:
    """Register FunASR's package without running it, so that its modules can be imported one by one.

    Its `__init__` imports every model, with transformers, numba and more: 17 s, of which Emotion2vec needs half a
    second. A model's process that was killed must be back soon.
    """
    if "funasr" in sys.modules:
        return
    spec = PathFinder.find_spec("funasr")
    if spec is None:
        raise ModuleNotFoundError("No module named 'funasr'", name="funasr")
    sys.modules["funasr"] = module_from_spec(spec)
