"""What the pipeline costs per hour of sound: decoding alone, with segmentation, with the model, beside FunASR.

Everything runs in turn in one run, so that the ratios hold on a noisy machine.
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from shared.domain.options import JobOptions
from shared.domain.recording import SAMPLE_RATE
from worker.adapters.decoding.decoder import FfmpegDecoder
from worker.adapters.emotion2vec.directory import resolve
from worker.adapters.emotion2vec.model import Emotion2vecModel
from worker.adapters.vad_webrtc import WebRtcVoiceDetector
from worker.pipeline.ports import Samples
from worker.pipeline.prepare import Preparation

ROUNDS = 3
SAMPLE = Path(__file__).parent.parent / "samples" / "call.opus"


class Measured:
    """The sound under test, and ways to work through it."""

    def __init__(self, file: Path, model: Emotion2vecModel) -> None:
        self._file = file
        self._decoder = FfmpegDecoder(max_duration_s=24 * 3600, timeout_s=60)
        self._model = model
        self._peer = _funasr(model.name)
        self.clips = self._segments()
        self.duration_s = self._decoded() / SAMPLE_RATE

    def decode(self) -> None:
        self._decoded()

    def segment(self) -> None:
        self._segments()

    def analyse(self) -> None:
        self._model.predict(self._segments())

    def infer(self) -> None:
        self._model.predict(self.clips)

    def infer_by_funasr(self) -> None:
        for clip in self.clips:
            self._peer(clip)

    def _decoded(self) -> int:
        with self._decoder.open(self._file) as stream:
            return sum(len(block) for block in stream.blocks())

    def _segments(self) -> list[Samples]:
        with self._decoder.open(self._file) as stream:
            preparation = Preparation(stream, JobOptions(), WebRtcVoiceDetector)
            return [clip.samples for clips in preparation.clips() for clip in clips]


def _funasr(model: str) -> Callable[[Samples], object]:
    from funasr import AutoModel

    peer = AutoModel(model=str(resolve(model).directory), disable_update=True, disable_pbar=True, ncpu=1, device="cpu")

    def generate(clip: Samples) -> object:
        sound = clip.astype(np.float32) / 32768
        return peer.generate(sound, granularity="utterance", extract_embedding=False)

    return generate


def _seconds(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=SAMPLE, help="recording (default: the bundled call)")
    parser.add_argument("--model", default="mini", help="mini or a model directory")
    arguments = parser.parse_args()
    with Emotion2vecModel(arguments.model, "cpu", segment_timeout_s=600) as model:
        model.start()
        measured = Measured(arguments.file, model)
        parts = {
            "decode alone": measured.decode,
            "decode + segment": measured.segment,
            "decode + segment + model": measured.analyse,
            "model alone": measured.infer,
            "FunASR generate, clip by clip": measured.infer_by_funasr,
        }
        rounds = [[_seconds(work) for work in parts.values()] for _ in track(range(ROUNDS), "measuring")]
    table = Table("part", "s per hour of sound", "ratio to decode alone", title=f"{platform.machine()}, median of 3")
    medians = np.median(rounds, axis=0)
    for name, seconds in zip(parts, medians, strict=True):
        table.add_row(name, f"{seconds * 3600 / measured.duration_s:.1f}", f"{seconds / medians[0]:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
