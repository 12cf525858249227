"""`python -m lab.benchmarks.segment.segment_once FILE`: segment a recording and discard the segments."""

from __future__ import annotations

import sys
from collections import deque
from pathlib import Path

from lab.benchmarks.segment.preparation import open_preparation
from shared.domain.options import SegmentationOptions

if __name__ == "__main__":
    with open_preparation(Path(sys.argv[1]), SegmentationOptions()) as preparation:
        deque(preparation.clips(), maxlen=0)
