"""Whichever line of the code that claims, completes, wakes and finishes a process dies at, nothing is lost."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Engine

from shared.container import Services
from shared.db.engine import open_engine
from shared.db.schema import migrate
from shared.documents.result import ResultDocument
from shared.domain.errors import JobDeleted
from shared.domain.job import Job, JobState
from tests.chaos import lives, witness
from tests.chaos.lives import Story, World
from tests.chaos.places import Death, Survey
from tests.clock import ManualClock
from tests.services.postgres import DatabaseClock

EVERY = int(os.environ.get("CHAOS_EVERY", "150"))
"""One of so many places is died at."""
SEED = 5
DEATHS = 2
LIFE_S = 300

STORIES: list[Story] = [lives.analysed, lives.analysed_after_errors, lives.canceled, lives.deleted]

# Forked, so that a process need not be warmed up before it dies.
processes = multiprocessing.get_context("fork")


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    opened = open_engine(database_url)
    if opened.dialect.name == "sqlite":
        migrate(opened)
    witness.install(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def world(database_url: str, engine: Engine, tmp_path: Path) -> Iterator[World]:
    clock = ManualClock() if engine.dialect.name == "sqlite" else DatabaseClock(database_url)
    engine.dispose()  # connections that were made before keep the real time
    with lives.opened(engine, clock, tmp_path) as opened:
        yield opened


@dataclass(frozen=True)
class Evidence:
    """What there is of a job: `objects` by their keys under the job's prefix, as hashes."""

    state: JobState | None
    result: str | None
    objects: dict[str, str]
    recorded: dict[int, int]


def evidence(world: World, job_id: str) -> Evidence:
    recorded = dict(witness.recorded(world.engine).get(job_id, {}))
    folder = world.folder / "objects" / "jobs" / job_id
    objects = {str(path.relative_to(folder)): _hash(path) for path in sorted(folder.rglob("*")) if path.is_file()}
    try:
        job = world.services.jobs.get(job_id)
    except JobDeleted:
        return Evidence(None, None, objects, recorded)
    return Evidence(job.state, _result(world.services, job), objects, recorded)


def _result(services: Services, job: Job) -> str | None:
    if job.state is not JobState.SUCCEEDED:
        return None
    _, found = services.read.result(job.id)
    document = ResultDocument.of(job.recording, found, lambda _: None, services.frames.scores(job))
    return document.model_dump_json()


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def jobs_of(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        ids = connection.exec_driver_sql("SELECT id FROM jobs UNION SELECT id FROM deleted_jobs").scalars()
        return set(ids)


def deaths(survey: Survey) -> list[Death]:
    """One at each place when it is first reached, and one when it is last."""
    found = list(survey.found.items())
    return [Death(place, 1) for place, _ in found] + [Death(place, times) for place, times in found if times > 1]


def chosen(found: Sequence[Death]) -> list[Death]:
    if EVERY == 1:
        return list(found)
    return Random(SEED).sample(found, len(found) // EVERY)


def lived(world: World, story: Story, death: Death | None) -> bool:
    """Whether the process came to its natural end."""
    world.clock.advance(10 * lives.LEASE_S)
    world.engine.dispose()  # a connection belongs to the process that made it
    child = processes.Process(target=lives.live, args=(world, story, death))
    child.start()
    child.join(LIFE_S)
    assert child.exitcode in (0, -signal.SIGKILL), f"{death}: {child.exitcode}"
    return child.exitcode == 0


def undisturbed(world: World, story: Story, survey: Survey | None = None) -> Evidence:
    world.answer.unlink(missing_ok=True)
    lives.live(world, story, survey)
    found = evidence(world, world.answer.read_text())
    assert set(found.recorded.values()) <= {1}
    return found


@pytest.mark.timeout(4 * 3600)
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_after_two_deaths_at_the_same_line_everything_is_as_if_nobody_had_died(
    story: Story, world: World, record_property: Callable[[str, object], None]
) -> None:
    unanswered = undisturbed(world, lives.analysed)
    survey = Survey()
    expected = undisturbed(world, story, survey)
    died = 0
    for death in chosen(deaths(survey)):
        world.answer.unlink()
        before = jobs_of(world.engine)
        died += [lived(world, story, death) for _ in range(DEATHS)].count(False)
        assert lived(world, story, None)
        for job_id in jobs_of(world.engine) - before:
            answered = job_id == world.answer.read_text()
            assert evidence(world, job_id) == (expected if answered else unanswered), death
    record_property("places", len(survey.found))
    record_property("deaths", died)
    assert died
