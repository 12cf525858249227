"""What came of an engine benchmark: as one JSON document, or as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from lab.benchmarks.engine.contender import Contender
from lab.benchmarks.engine.variants import Scores
from lab.benchmarks.machine import Machine
from lab.benchmarks.rounds import Values
from shared.domain.emotion import ModelInfo

_GIGA = 1e9
_GIBI = 2**30


@dataclass(frozen=True, slots=True)
class Spread:
    """Of the rounds."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Values) -> Spread:
        return cls(float(np.median(values)), float(values.min()), float(values.max()))


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Against FunASR one by one; `max_dp` is None when a clip got no finite scores, which counts as a flip too."""

    max_dp: float | None
    flips: int

    @classmethod
    def of(cls, scores: Scores, truth: Scores) -> Accuracy:
        """Scores [clips, labels], both."""
        lost = ~np.isfinite(scores).all(axis=1)
        flipped = lost | (scores.argmax(axis=1) != truth.argmax(axis=1))
        return cls(None if lost.any() else float(np.abs(scores - truth).max()), int(flipped.sum()))


@dataclass(frozen=True, slots=True)
class Conditions:
    """What all variants had in common; `flops` of all clips together, without padding."""

    machine: Machine
    gpu: str | None
    threads: int
    rounds: int
    model: ModelInfo
    clips_s: list[float]
    flops: int

    @property
    def audio_s(self) -> float:
        return sum(self.clips_s)


@dataclass(frozen=True, slots=True)
class Result:
    """Of a variant: `seconds` for all clips in each round, the rest from the rounds' medians.

    `audio_s_per_s` is also how many hours of audio an hour of the device takes. `ratio` is its speed over FunASR's in
    the same round, `gemm_share` what the clips' FLOPs took of the peak in the same round. `gpu_memory` is in bytes,
    weights included.
    """

    title: str
    implementation: str
    precision: str
    seconds: list[float]
    audio_s_per_s: float
    audio_hours_per_gpu_hour: float | None
    ratio: Spread
    gemm_share: float
    accuracy: Accuracy
    gpu_memory: int | None

    @classmethod
    def of(
        cls, own: Contender, conditions: Conditions, seconds: Values, funasr: Values, peak: Values, truth: Scores
    ) -> Result:
        """`seconds` and `funasr` for all clips, `peak` in FLOP per second, `truth` [clips, labels]."""
        speed = float(np.median(conditions.audio_s / seconds))
        return cls(
            title=own.variant.title,
            implementation=own.variant.implementation,
            precision=own.variant.precision,
            seconds=seconds.tolist(),
            audio_s_per_s=speed,
            audio_hours_per_gpu_hour=speed if conditions.gpu else None,
            ratio=Spread.of(funasr / seconds),
            gemm_share=float(np.median(conditions.flops / seconds / peak)),
            accuracy=Accuracy.of(own.scores, truth),
            gpu_memory=own.memory,
        )


@dataclass(frozen=True, slots=True)
class Report:
    """`gemm_peak` by precision is the rounds' median in FLOP per second; `left_out` says why, by precision."""

    conditions: Conditions
    gemm_peak: dict[str, float]
    results: list[Result]
    left_out: dict[str, str]

    @classmethod
    def of(
        cls,
        conditions: Conditions,
        contenders: Sequence[Contender],
        values: Mapping[str, Values],
        peaks: Mapping[str, Values],
        left_out: dict[str, str],
    ) -> Report:
        """The first contender is FunASR one by one; `values` are the contenders' seconds by title."""
        truth, funasr = contenders[0].scores, values[contenders[0].variant.title]
        results = [
            Result.of(own, conditions, values[own.variant.title], funasr, peaks[own.variant.precision], truth)
            for own in contenders
        ]
        medians = {precision: float(np.median(rates)) for precision, rates in peaks.items()}
        return cls(conditions, medians, results, left_out)

    def document(self) -> dict[str, Any]:
        """For `json.dumps`."""
        conditions = self.conditions
        head = {"benchmark": "engine", "date": datetime.now(UTC).isoformat(timespec="seconds")}
        audio = {"audio_s": conditions.audio_s, "flops_per_audio_s": conditions.flops / conditions.audio_s}
        found = asdict(self)
        common: dict[str, Any] = found.pop("conditions")
        return head | common | audio | found

    def table(self) -> Group:
        table = Table(title=self._title(), title_justify="left", box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
        for column in self._columns():
            table.add_column(column, justify="left" if column == "variant" else "right")
        for result in self.results:
            table.add_row(*self._cells(result))
        for precision, reason in self.left_out.items():
            table.add_row(f"ours, {precision}", "", reason.split(":")[0], style="dim")
        return Group(table, Text(self._notes(), style="dim"))

    def _title(self) -> str:
        own = self.conditions
        where = own.gpu or f"threads: {own.threads}"
        return f"{own.model.id}: {len(own.clips_s)} clips, {own.audio_s:.0f} s; rounds: {own.rounds}; {where}"

    def _columns(self) -> list[str]:
        speed, memory = ("audio h/GPU h", ["GPU memory"]) if self.conditions.gpu else ("audio s/s", [])
        return ["variant", speed, "to FunASR (range)", "max |dp|", "flips", "of peak", *memory]

    def _cells(self, result: Result) -> list[str]:
        ratio, accuracy = result.ratio, result.accuracy
        cells = [
            result.title,
            f"{result.audio_s_per_s:,.{0 if self.conditions.gpu else 2}f}",
            f"{ratio.median:.2f} ({ratio.least:.2f}-{ratio.most:.2f})",
            "not finite" if accuracy.max_dp is None else f"{accuracy.max_dp:.1e}",
            f"{accuracy.flips} of {len(self.conditions.clips_s)}",
            f"{result.gemm_share:.0%}",
        ]
        if result.gpu_memory is not None:
            cells.append(f"{result.gpu_memory / _GIBI:.1f} GiB")
        return cells

    def _notes(self) -> str:
        per_second = self.conditions.flops / self.conditions.audio_s / _GIGA
        peaks = ", ".join(f"{precision} {peak / _GIGA:,.0f}" for precision, peak in self.gemm_peak.items())
        return "\n".join(
            [
                f"Medians of the rounds. {per_second:.1f} GFLOP per second of audio; GEMM peak in GFLOP/s: {peaks}.",
                *(f"{precision}: {reason}." for precision, reason in self.left_out.items()),
                f"{self.conditions.machine}.",
            ]
        )
