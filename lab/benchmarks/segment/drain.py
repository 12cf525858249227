"""`python -m lab.benchmarks.segment.drain FILE`: segments a recording and keeps nothing of it."""

from __future__ import annotations

import sys
from collections import deque
from pathlib import Path

from lab.benchmarks.segment.preparing import preparing
from shared.domain.options import SegmentationOptions

if __name__ == "__main__":
    with preparing(Path(sys.argv[1]), SegmentationOptions()) as preparation:
        deque(preparation.clips(), maxlen=0)
