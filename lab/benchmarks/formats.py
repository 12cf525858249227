"""`python -m lab.benchmarks.formats`: CPU seconds of decoding and segmenting an hour of sound, by format and channels.

Each part runs in a process of its own; the CPU seconds are those of all its processes, without those of starting them,
so that they can be compared on a machine that others use too.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from lab.benchmarks.machine import Machine
from lab.benchmarks.ranges.recordings import FORMATS, Format, write_recording
from lab.benchmarks.rounds import in_turn
from shared.domain.options import JobOptions
from shared.settings import Settings
from worker.pipeline.prepare import Preparation
from worker.pipeline_builder import VOICE_DETECTORS, build_decoder

_SAMPLE = Path(__file__).parents[2] / "samples" / "call.opus"
_FORMATS = FORMATS | {"Opus": Format("ogg", "libopus", 48_000, 48_000)}
_LAYOUTS = ("mono", "stereo")
_PARTS = ("decode", "segment")
_START_S = 1.0
"""Seconds of the recording that is decoded to measure the start of the processes."""
_END_S = 0.3
"""Seconds in which a killed decoder ends, so that its CPU time is known to its parents."""


def run_part(file: Path, part: str) -> None:
    """Decode a file, or decode and segment it."""
    with file.open("rb") as opened, build_decoder(Settings()).open(opened) as stream:
        preparation = Preparation(stream, JobOptions(), VOICE_DETECTORS, max_segments=1_000_000)
        deque(preparation.clips() if part == "segment" else stream.blocks(), maxlen=0)
    time.sleep(_END_S)


def cpu_seconds(file: Path, part: str) -> float:
    """Run a part in a new process and return the CPU seconds of it and its children."""
    with subprocess.Popen([sys.executable, "-m", "lab.benchmarks.formats", "--once", part, str(file)]) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{part} of {file.name} failed.")
    return usage.ru_utime + usage.ru_stime


def measure(names: Sequence[str], hours: float, rounds: int) -> None:
    """Print a row for each format and number of channels: medians of the rounds."""
    print(f"{hours:g} h of sound, CPU s per hour, medians of rounds: {rounds}. {Machine.current()}.")
    with TemporaryDirectory() as folder:
        short, file = Path(folder, "short"), Path(folder, "recording")
        write_recording(_SAMPLE, short, FORMATS["WAV"], _START_S / 3600)
        for name in names:
            for layout in _LAYOUTS:
                write_recording(_SAMPLE, file, _FORMATS[name], hours, layout)
                parts = {part: (lambda part=part: cpu_seconds(file, part)) for part in _PARTS}
                values = in_turn(
                    {"start": lambda: cpu_seconds(short, "decode"), **parts}, rounds, lambda step, done, of: None
                )
                decode, segment = (np.median(values[part] - values["start"]) / hours for part in _PARTS)
                ratio = np.median((values["segment"] - values["start"]) / (values["decode"] - values["start"]))
                print(f"{name}, {layout}: decode {decode:.1f}, decode + segment {segment:.1f}, ratio {ratio:.2f}")


def main() -> None:
    """Measure, or run one part."""
    parser = argparse.ArgumentParser(prog="python -m lab.benchmarks.formats", description=__doc__)
    parser.add_argument("formats", nargs="*", default=list(_FORMATS), help="WAV, FLAC, MP3, M4A, Opus")
    parser.add_argument("--hours", type=float, default=0.25, help="length of the recordings")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--once", choices=_PARTS, help="run this part of one file")
    arguments = parser.parse_args()
    if arguments.once:
        run_part(Path(arguments.formats[0]), arguments.once)
    else:
        measure(arguments.formats, arguments.hours, arguments.rounds)


if __name__ == "__main__":
    main()
