"""The segmentation benchmark: its plan, and one run of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from lab.benchmarks.machine import Machine
from lab.benchmarks.rounds import OnStep, Values, in_turn
from lab.benchmarks.segment.clips import load_clips
from lab.benchmarks.segment.files import Recording, write_recording, write_repeated
from lab.benchmarks.segment.memory import Peak, peak_memory
from lab.benchmarks.segment.peers import AUDITOK_OPTIONS, PYDUB_OPTIONS, auditok_segments, greedy, grid, pydub_segments
from lab.benchmarks.segment.quality import Quality
from lab.benchmarks.segment.report import (
    CpuWall,
    MethodQuality,
    Part,
    PartCost,
    SegmentationConditions,
    SegmentationReport,
)
from lab.benchmarks.segment.segmentation import decode, decode_in_process, segment
from lab.benchmarks.segment.stopwatch import Stopwatch
from shared.domain.options import SegmentationOptions
from worker.pipeline_builder import VOICE_DETECTORS

_EXCERPT_HOURS = 0.1
"""Length for pydub, which takes minutes for an hour: six minutes have all conditions."""
_LIBRARIES = ("av", "numpy", "webrtcvad-wheels", "silero-vad", "onnxruntime", "pydub", "auditok")
_DECODER = "decode alone"


@dataclass(frozen=True, slots=True)
class SegmentationPlan:
    """The parameters of a run.

    `hours` is the length of the recording, `long_hours` of the one for memory. `clips` is a folder of audio files with
    an utterance in each; None takes the phrases of the bundled call.
    """

    rounds: int
    hours: float = 1.0
    long_hours: float = 24.0
    clips: Path | None = None


def measure(plan: SegmentationPlan, on_step: OnStep) -> SegmentationReport:
    """Run the benchmark. Raises ValueError when there are no clips, PipelineError when a file cannot be decoded."""
    on_step("stringing clips together", 0, None)
    clips = load_clips(plan.clips)
    with TemporaryDirectory(prefix="emoline-bench-") as name:
        folder = Path(name)
        work = _SegmentationWork(
            write_recording(folder / "whole", clips, plan.hours),
            write_recording(folder / "excerpt", clips, min(plan.hours, _EXCERPT_HOURS)),
        )
        wall = in_turn(work.parts(), plan.rounds, on_step)
        memory = _memory(work.full, plan.long_hours, on_step)
        on_step("comparing with what is known", 0, None)
        conditions = SegmentationConditions(
            machine=Machine.current(),
            versions={library: version(library) for library in _LIBRARIES},
            rounds=plan.rounds,
            hours=work.full.hours,
            excerpt_hours=work.excerpt.hours,
            clips=len(clips),
            utterances=len(work.full.truth.utterances),
            peers={"pydub": PYDUB_OPTIONS, "auditok": AUDITOK_OPTIONS},
        )
        return SegmentationReport(conditions, work.costs(wall), work.first_segment_s(), memory, work.qualities())


class _SegmentationWork:
    """The recordings, and the measured ways to segment them."""

    def __init__(self, full: Recording, excerpt: Recording) -> None:
        self.full = full
        self.excerpt = excerpt
        self._ours = {vad: Stopwatch(partial(segment, full.mp3, vad)) for vad in VOICE_DETECTORS}
        self._auditok = Stopwatch(partial(auditok_segments, full.wav))
        self._pydub = Stopwatch(partial(pydub_segments, excerpt.wav))
        self._timed: dict[str, tuple[Part, Stopwatch[Any]]] = {
            "decode, PyAV in this process": ("whole", Stopwatch(partial(decode_in_process, full.mp3))),
            _DECODER: ("whole", Stopwatch(partial(decode, full.mp3))),
            **{f"decode + segment, {vad}": ("whole", timed) for vad, timed in self._ours.items()},
            "auditok": ("whole", self._auditok),
            "pydub": ("excerpt", self._pydub),
        }

    def parts(self) -> dict[str, Callable[[], float]]:
        """Return the timed functions by title."""
        return {title: timed.round for title, (_, timed) in self._timed.items()}

    def costs(self, wall: dict[str, Values]) -> list[PartCost]:
        """Compute the costs from the wall seconds of each round, by title."""
        spent = {title: CpuWall(wall[title], np.array(timed.cpu_s)) for title, (_, timed) in self._timed.items()}
        decoder = spent[_DECODER].per_hour(self.full.hours)
        hours: dict[Part, float] = {"whole": self.full.hours, "excerpt": self.excerpt.hours}
        return [
            PartCost.from_rounds(title, part, hours[part], spent[title], decoder)
            for title, (part, _) in self._timed.items()
        ]

    def first_segment_s(self) -> dict[str, list[float]]:
        """Return the rounds' seconds to the first segment by voice detector."""
        return {
            vad: [result.first_s for result in timed.results if result.first_s is not None]
            for vad, timed in self._ours.items()
        }

    def qualities(self) -> list[MethodQuality]:
        """Compare every method's segments of the last round with the truth."""
        default = SegmentationOptions().vad
        ours = {f"ours, {vad}": timed.results[-1] for vad, timed in self._ours.items()}
        by_method = {title: segmented.segments for title, segmented in ours.items()} | {
            f"greedy, {default}": greedy(ours[f"ours, {default}"]),
            "grid of 25 s": grid(self.full.truth.duration),
            "auditok": self._auditok.results[-1],
        }
        by_method_of_excerpt = {
            f"ours, {default}": segment(self.excerpt.mp3, default).segments,
            "pydub": self._pydub.results[-1],
        }
        return [
            *(
                MethodQuality(title, "whole", Quality.from_segments(self.full.truth, segments))
                for title, segments in by_method.items()
            ),
            *(
                MethodQuality(title, "excerpt", Quality.from_segments(self.excerpt.truth, segments))
                for title, segments in by_method_of_excerpt.items()
            ),
        ]


def _memory(recording: Recording, long_hours: float, on_step: OnStep) -> tuple[Peak, Peak]:
    """Measure the memory for a recording, and for the same sound repeated to `long_hours`."""
    on_step("memory", 0, 2)
    short = peak_memory(recording.mp3, recording.hours)
    on_step("memory of a long recording", 1, 2)
    times = max(1, round(long_hours / recording.hours))
    long = recording.mp3.with_name("long.mp3")
    write_repeated(recording.mp3, times, long)
    return short, peak_memory(long, times * recording.hours)
