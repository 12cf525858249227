"""`python -m lab.benchmarks.ranges.prepare_once FILE PART CORES`: prepare or decode a recording once, in a new process.

CORES is "one" (everything on one core), "one-decoder" (all cores, one process decodes) or "all". Prints JSON.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
import wave
from pathlib import Path

from shared.adapters.local_object_store import LocalObjectStore
from shared.domain.options import JobOptions
from shared.domain.recording import SAMPLE_RATE
from shared.settings import Settings
from worker.pipeline.ports import AudioDecoder
from worker.pipeline.prepare import Preparation
from worker.pipeline_builder import VOICE_DETECTORS, build_decoder
from worker.stages.store_clips import ClipWriter

_END_S = 1.0
"""Seconds in which a killed decoder ends, so that its CPU time is known to its parents."""


def main(file: Path, part: str, cores: str) -> None:
    """Run one part and print its seconds and the samples at 16 kHz."""
    usable = os.sched_getaffinity(0)
    decoder = build_decoder(Settings())
    if cores != "all":
        os.sched_setaffinity(0, {min(usable)})
    _start_fork_server(decoder)  # it takes the cores of this moment for those that there are
    if cores == "one-decoder":
        for pid in (0, *map(int, Path("/proc/thread-self/children").read_text().split())):
            os.sched_setaffinity(pid, usable)
    started = time.perf_counter()
    samples = _decode(file, decoder) if part == "decode" else _prepare(file, decoder)
    taken_s = time.perf_counter() - started
    time.sleep(_END_S)
    print(json.dumps({"seconds": taken_s, "samples": samples}))


def _start_fork_server(decoder: AudioDecoder) -> None:
    with tempfile.TemporaryFile() as file:
        with wave.open(file, "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(SAMPLE_RATE)
            sound.writeframes(bytes(2 * SAMPLE_RATE))
        file.seek(0)
        with decoder.open(file) as stream:
            list(stream.blocks())


def _decode(file: Path, decoder: AudioDecoder) -> int:
    with file.open("rb") as opened, decoder.open(opened) as stream:
        return sum(map(len, stream.blocks()))


def _prepare(file: Path, decoder: AudioDecoder) -> int:
    """Do what the prepare stage does, with segments stored in a folder but no database."""
    with (
        tempfile.TemporaryDirectory() as folder,
        file.open("rb") as opened,
        decoder.open(opened) as stream,
        ClipWriter(LocalObjectStore(Path(folder)), "job") as writer,
    ):
        preparation = Preparation(stream, JobOptions(), VOICE_DETECTORS, max_segments=1_000_000)
        for clips in preparation.clips():
            for clip in clips:
                writer.add(clip)
            writer.stored()
        writer.finish()
        preparation.waveform()
        return preparation.decoded


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
