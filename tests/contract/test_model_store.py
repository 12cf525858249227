"""What every adapter of `shared.ports.ModelRegistry` does."""

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
    models.runs(MINI)
    clock.advance(120)
    models.runs(LARGE)
    clock.advance(120)
    assert [found.info for found in models.all()] == [LARGE, MINI]
    now = clock.now()
    models.runs(MINI)
    assert models.all()[0] == RunModel(MINI, began, now)


def test_that_a_model_is_still_run_is_written_once_a_minute(models: SqlModelRegistry, clock: ManualClock) -> None:
    written = []
    for _ in range(8):
        models.runs(MINI)
        written.append((models.all()[0].last_run_at - models.all()[0].first_run_at).total_seconds())
        clock.advance(10)
    assert written == [0] * 6 + [60] * 2


def test_the_same_weights_in_another_precision_are_another_model(models: SqlModelRegistry) -> None:
    models.runs(MINI)
    models.runs(replace(MINI, precision="bf16"))
    assert {found.info.precision for found in models.all()} == {"fp32", "bf16"}


def test_workers_that_begin_at_once_say_it_once(engine: Engine, clock: ManualClock) -> None:
    stores = [SqlModelRegistry(engine, clock) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda store: store.runs(MINI), stores))
    assert [found.info for found in stores[0].all()] == [MINI]
