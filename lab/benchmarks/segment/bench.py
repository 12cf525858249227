"""The segmentation benchmark: what is to be measured, and one run of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from lab.benchmarks.machine import Machine
from lab.benchmarks.rounds import OnStep, Values, in_turn
from lab.benchmarks.segment.clips import Clip, load_clips
from lab.benchmarks.segment.files import Recording, write_recording, write_repeated
from lab.benchmarks.segment.memory import Peak, peak_memory
from lab.benchmarks.segment.ours import decode, decode_in_process, segment
from lab.benchmarks.segment.peers import AUDITOK_OPTIONS, PYDUB_OPTIONS, auditok_segments, greedy, grid, pydub_segments
from lab.benchmarks.segment.quality import Quality
from lab.benchmarks.segment.report import Conditions, Cost, Judged, Part, Report, Spent
from lab.benchmarks.segment.timed import Timed
from shared.domain.options import SegmentationOptions
from worker.container import VOICE_DETECTORS

_EXCERPT_HOURS = 0.1
"""For pydub, which takes minutes for an hour: all conditions in six minutes."""
_LIBRARIES = ("av", "numpy", "webrtcvad-wheels", "silero-vad", "onnxruntime", "pydub", "auditok")
_DECODER = "decode alone"


@dataclass(frozen=True, slots=True)
class Plan:
    """`hours` of sound are measured, and the memory for `long_hours` too. `clips` is a folder of audio files with an
    utterance in each; without one, the phrases of the bundled call are strung together."""

    rounds: int
    hours: float = 1.0
    long_hours: float = 24.0
    clips: Path | None = None


def measure(plan: Plan, on_step: OnStep) -> Report:
    """Raises ValueError when there are no clips, PipelineError when something cannot be decoded."""
    on_step("stringing clips together", 0, None)
    clips = load_clips(plan.clips)
    with TemporaryDirectory(prefix="emoline-bench-") as name:
        folder = Path(name)
        work = _Work(
            write_recording(folder / "whole", clips, plan.hours),
            write_recording(folder / "excerpt", clips, min(plan.hours, _EXCERPT_HOURS)),
        )
        wall = in_turn(work.parts(), plan.rounds, on_step)
        memory = _memory(work.whole, plan.long_hours, on_step)
        on_step("comparing with what is known", 0, None)
        return Report(_conditions(plan, work, clips), work.costs(wall), work.first_segment_s(), memory, work.judged())


class _Work:
    """The recordings, and all that is done to them."""

    def __init__(self, whole: Recording, excerpt: Recording) -> None:
        self.whole = whole
        self.excerpt = excerpt
        self._ours = {vad: Timed(partial(segment, whole.mp3, vad)) for vad in VOICE_DETECTORS}
        self._auditok = Timed(partial(auditok_segments, whole.wav))
        self._pydub = Timed(partial(pydub_segments, excerpt.wav))
        self._timed: dict[str, tuple[Part, Timed[Any]]] = {
            "decode, PyAV in this process": ("whole", Timed(partial(decode_in_process, whole.mp3))),
            _DECODER: ("whole", Timed(partial(decode, whole.mp3))),
            **{f"decode + segment, {vad}": ("whole", timed) for vad, timed in self._ours.items()},
            "auditok": ("whole", self._auditok),
            "pydub": ("excerpt", self._pydub),
        }

    def parts(self) -> dict[str, Callable[[], float]]:
        return {title: timed.round for title, (_, timed) in self._timed.items()}

    def costs(self, wall: dict[str, Values]) -> list[Cost]:
        """From the seconds of each round, by title."""
        spent = {title: Spent(wall[title], np.array(timed.cpu_s)) for title, (_, timed) in self._timed.items()}
        decoder = spent[_DECODER].per_hour(self.whole.hours)
        return [
            Cost.of(title, part, self._recording(part).hours, spent[title], decoder)
            for title, (part, _) in self._timed.items()
        ]

    def first_segment_s(self) -> dict[str, list[float]]:
        return {
            vad: [found.first_s for found in timed.found if found.first_s is not None]
            for vad, timed in self._ours.items()
        }

    def judged(self) -> list[Judged]:
        default = SegmentationOptions().vad
        ours = {f"ours, {vad}": timed.found[-1] for vad, timed in self._ours.items()}
        found = {title: own.segments for title, own in ours.items()} | {
            f"greedy, {default}": greedy(ours[f"ours, {default}"]),
            "grid of 25 s": grid(self.whole.truth.duration),
            "auditok": self._auditok.found[-1],
        }
        brief = {
            f"ours, {default}": segment(self.excerpt.mp3, default).segments,
            "pydub": self._pydub.found[-1],
        }
        return [
            *(Judged(title, "whole", Quality.of(self.whole.truth, segments)) for title, segments in found.items()),
            *(Judged(title, "excerpt", Quality.of(self.excerpt.truth, segments)) for title, segments in brief.items()),
        ]

    def _recording(self, part: Part) -> Recording:
        return self.whole if part == "whole" else self.excerpt


def _memory(whole: Recording, long_hours: float, on_step: OnStep) -> tuple[Peak, Peak]:
    on_step("memory", 0, 2)
    short = peak_memory(whole.mp3, whole.hours)
    on_step("memory of a long recording", 1, 2)
    times = max(1, round(long_hours / whole.hours))
    long = whole.mp3.with_name("long.mp3")
    write_repeated(whole.mp3, times, long)
    return short, peak_memory(long, times * whole.hours)


def _conditions(plan: Plan, work: _Work, clips: Sequence[Clip]) -> Conditions:
    return Conditions(
        machine=Machine.here(),
        versions={library: version(library) for library in _LIBRARIES},
        rounds=plan.rounds,
        hours=work.whole.hours,
        excerpt_hours=work.excerpt.hours,
        clips=len(clips),
        utterances=len(work.whole.truth.utterances),
        peers={"pydub": PYDUB_OPTIONS, "auditok": AUDITOK_OPTIONS},
    )
