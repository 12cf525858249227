"""FunASR without the import of all of FunASR."""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec


def register_funasr() -> None:
    """Makes FunASR's modules importable one by one.

    FunASR's package imports every model it has, with transformers, numba and more: 17 s, where Emotion2vec alone takes
    half a second. A model's process that was killed must be back soon. So the package is registered without being run.
    """
    if "funasr" in sys.modules:
        return
    spec = PathFinder.find_spec("funasr")
    if spec is None:
        raise ModuleNotFoundError("No module named 'funasr'", name="funasr")
    sys.modules["funasr"] = module_from_spec(spec)
