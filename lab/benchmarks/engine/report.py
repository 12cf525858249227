"""The report of the engine benchmark: a JSON document, or a table."""

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
    """Median and extremes of a value over the rounds."""

    median: float
    least: float
    most: float

    @classmethod
    def from_rounds(cls, values: Values) -> Spread:
        """Summarise the values of all rounds."""
        return cls(float(np.median(values)), float(values.min()), float(values.max()))


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Difference from FunASR one by one: the largest of a score (`max_dp`), and the number of changed labels (`flips`).

    `max_dp` is None when a clip got no finite scores, which counts as a flip too.
    """

    max_dp: float | None
    flips: int

    @classmethod
    def from_scores(cls, scores: Scores, truth: Scores) -> Accuracy:
        """Compare scores with FunASR's, both [clips, labels]."""
        lost = ~np.isfinite(scores).all(axis=1)
        flipped = lost | (scores.argmax(axis=1) != truth.argmax(axis=1))
        return cls(None if lost.any() else float(np.abs(scores - truth).max()), int(flipped.sum()))


@dataclass(frozen=True, slots=True)
class EngineConditions:
    """The conditions of all variants. `flops` is the sum over all clips, without padding."""

    machine: Machine
    gpu: str | None
    threads: int
    rounds: int
    model: ModelInfo
    clips_s: list[float]
    flops: int

    @property
    def audio_s(self) -> float:
        """Seconds of audio in all."""
        return sum(self.clips_s)


@dataclass(frozen=True, slots=True)
class VariantResult:
    """The figures of a variant: `seconds` for all clips in each round, all others from the rounds' medians.

    `audio_s_per_s` is seconds of audio per second, or hours of audio per hour of the device. `ratio` is the speed over
    FunASR's in the same round, `gemm_share` the share of the peak FLOP rate in the same round. `gpu_memory` is in
    bytes, weights included.
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
    def from_contender(
        cls,
        contender: Contender,
        conditions: EngineConditions,
        seconds: Values,
        funasr: Values,
        peak: Values,
        truth: Scores,
    ) -> VariantResult:
        """Compute the figures of a contender from its rounds.

        `seconds` and `funasr` are for all clips, `peak` is in FLOP per second, `truth` are FunASR's scores
        [clips, labels].
        """
        speed = float(np.median(conditions.audio_s / seconds))
        return cls(
            title=contender.variant.title,
            implementation=contender.variant.implementation,
            precision=contender.variant.precision,
            seconds=seconds.tolist(),
            audio_s_per_s=speed,
            audio_hours_per_gpu_hour=speed if conditions.gpu else None,
            ratio=Spread.from_rounds(funasr / seconds),
            gemm_share=float(np.median(conditions.flops / seconds / peak)),
            accuracy=Accuracy.from_scores(contender.scores, truth),
            gpu_memory=contender.memory,
        )


@dataclass(frozen=True, slots=True)
class EngineReport:
    """The figures of all variants.

    `gemm_peak` by precision is the rounds' median in FLOP per second; `left_out` has the reasons by precision.
    """

    conditions: EngineConditions
    gemm_peak: dict[str, float]
    results: list[VariantResult]
    left_out: dict[str, str]

    @classmethod
    def from_rounds(
        cls,
        conditions: EngineConditions,
        contenders: Sequence[Contender],
        values: Mapping[str, Values],
        peaks: Mapping[str, Values],
        left_out: dict[str, str],
    ) -> EngineReport:
        """Compute the figures. The first contender is FunASR one by one; `values` are the seconds by title."""
        truth, funasr = contenders[0].scores, values[contenders[0].variant.title]
        results = [
            VariantResult.from_contender(
                contender,
                conditions,
                values[contender.variant.title],
                funasr,
                peaks[contender.variant.precision],
                truth,
            )
            for contender in contenders
        ]
        medians = {precision: float(np.median(rates)) for precision, rates in peaks.items()}
        return cls(conditions, medians, results, left_out)

    def document(self) -> dict[str, Any]:
        """Return a document for `json.dumps`."""
        conditions = self.conditions
        head = {"benchmark": "engine", "date": datetime.now(UTC).isoformat(timespec="seconds")}
        audio = {"audio_s": conditions.audio_s, "flops_per_audio_s": conditions.flops / conditions.audio_s}
        figures = asdict(self)
        common: dict[str, Any] = figures.pop("conditions")
        return head | common | audio | figures

    def table(self) -> Group:
        """Return a table for the terminal."""
        common = self.conditions
        device = common.gpu or f"threads: {common.threads}"
        title = (
            f"{common.model.id}: {len(common.clips_s)} clips, {common.audio_s:.0f} s; rounds: {common.rounds}; {device}"
        )
        speed, memory = ("audio h/GPU h", ["GPU memory"]) if common.gpu else ("audio s/s", [])
        columns = ["variant", speed, "to FunASR (range)", "max |dp|", "flips", "of peak", *memory]
        table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
        for column in columns:
            table.add_column(column, justify="left" if column == "variant" else "right")
        for result in self.results:
            table.add_row(*self._cells(result))
        for precision, reason in self.left_out.items():
            table.add_row(f"ours, {precision}", "", reason.split(":")[0], style="dim")
        return Group(table, Text(self._notes(), style="dim"))

    def _cells(self, result: VariantResult) -> list[str]:
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
