"""The ranges benchmark: a small run."""

from __future__ import annotations

from rich.console import Console

from lab.benchmarks.ranges.bench import RangesPlan, measure
from tests.support.browser import SAMPLE


def test_a_recording_is_prepared_on_one_core_with_one_decoder_and_in_ranges() -> None:
    plan = RangesPlan(hours=0.05, rounds=1, parts=["prepare"], formats=["M4A"])
    report = measure(plan, SAMPLE, lambda name, done, of: None)
    (cost,) = report.costs
    assert min(min(values) for values in (*cost.seconds.values(), *cost.cpu_s.values())) > 0
    console = Console(width=120, record=True)
    console.print(report.table())
    assert "M4A, prepare" in console.export_text()
