"""The feed benchmark: a small run."""

from __future__ import annotations

from rich.console import Console

from lab.benchmarks.feed.bench import STORES, FeedPlan, measure
from tests.support.browser import SAMPLE


def test_a_device_is_fed_from_a_slow_store(postgres_server: object) -> None:
    plan = FeedPlan(jobs=2, segments=40, processes=1, stores=STORES[1:2])
    report = measure(plan, SAMPLE, lambda name, done, of: None)
    (feed,) = report.feeds
    assert 0 < feed.busy <= 1
    assert feed.audio_s_per_s <= plan.rate
    # Six objects of sound for each job, read in a claim or two, and one object of logits for each job and claim.
    assert 2 <= feed.requests_per_hour * 2 * 40 * 8 / 3600 < 2 * 40
    assert report.prepare_ratio > 0
    console = Console(width=120, record=True)
    console.print(report.table())
    assert STORES[1].name in console.export_text()
