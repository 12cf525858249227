"""The contract of `shared.ports.ModelRegistry`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from shared.db.model_registry import SqlModelRegistry
from shared.domain.emotion import ModelInfo, RunModel
from tests.support.clock import ManualClock

MINI = ModelInfo("emoline/mini", "3", "a" * 64, ("angry", "happy"), notice="A small one.")
LARGE = ModelInfo("iic/large", None, "b" * 64, ("angry", "happy", "sad"))


@pytest.fixture
def models(engine: Engine, clock: ManualClock) -> SqlModelRegistry:
    return SqlModelRegistry(engine, clock)


def test_the_model_that_was_run_last_comes_first(models: SqlModelRegistry, clock: ManualClock) -> None:
    assert models.all() == []
    began = clock.now()
    models.record_run(MINI)
    clock.advance(120)
    models.record_run(LARGE)
    clock.advance(120)
    assert [result.info for result in models.all()] == [LARGE, MINI]
    now = clock.now()
    models.record_run(MINI)
    assert models.all()[0] == RunModel(MINI, began, now)


def test_repeated_runs_are_written_once_a_minute(models: SqlModelRegistry, clock: ManualClock) -> None:
    written = []
    for _ in range(8):
        models.record_run(MINI)
        written.append((models.all()[0].last_run_at - models.all()[0].first_run_at).total_seconds())
        clock.advance(10)
    assert written == [0] * 6 + [60] * 2


def test_the_same_weights_in_another_precision_are_another_model(models: SqlModelRegistry) -> None:
    models.record_run(MINI)
    models.record_run(replace(MINI, precision="bf16"))
    assert {model.info.precision for model in models.all()} == {"fp32", "bf16"}


def test_workers_that_begin_together_add_the_model_once(engine: Engine, clock: ManualClock) -> None:
    stores = [SqlModelRegistry(engine, clock) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda store: store.record_run(MINI), stores))
    assert [result.info for result in stores[0].all()] == [MINI]
