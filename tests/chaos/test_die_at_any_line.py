"""Whichever line of the code that claims, completes, wakes and finishes a process dies at, nothing is lost."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from shared.db.engine import open_engine
from shared.db.schema import migrate
from tests.chaos import lives, witness
from tests.chaos.fork_pool import die_and_recover
from tests.chaos.lives import Story
from tests.chaos.uploaders import die_and_go_on

EVERY = int(os.environ.get("CHAOS_EVERY", "300"))
"""One of so many places is died at."""
STORIES: list[Story] = [lives.analysed, lives.analysed_after_errors, lives.canceled, lives.deleted]


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with the newest schema, in which outcomes are witnessed."""
    sqlite = request.param == "sqlite"
    url: str = f"sqlite:///{tmp_path / 'test.db'}" if sqlite else request.getfixturevalue("postgres_url")
    engine = open_engine(url)
    if sqlite:
        migrate(engine)
    witness.install(engine)
    engine.dispose()
    return url


@pytest.fixture(scope="module")
def fork_pool() -> Iterator[ProcessPoolExecutor]:
    """A process of its own: one with threads, as that of the tests, must not be forked."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


@pytest.mark.timeout(4 * 3600)
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_two_kills_at_the_same_line_do_not_change_the_result(
    story: Story,
    database_url: str,
    tmp_path: Path,
    fork_pool: ProcessPoolExecutor,
    record_property: Callable[[str, object], None],
) -> None:
    places, deaths = fork_pool.submit(die_and_recover, story, database_url, tmp_path, EVERY).result()
    record_property("places", places)
    record_property("deaths", deaths)
    assert deaths


@pytest.mark.timeout(3600)
def test_an_upload_survives_two_kills_at_the_same_line_and_leaves_no_objects(
    database_url: str,
    tmp_path: Path,
    fork_pool: ProcessPoolExecutor,
    record_property: Callable[[str, object], None],
) -> None:
    places, deaths = fork_pool.submit(die_and_go_on, database_url, tmp_path, max(1, EVERY // 10)).result()
    record_property("places", places)
    record_property("deaths", deaths)
    assert deaths
