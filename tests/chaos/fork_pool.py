"""Start processes, kill them and compare their results, in a process that has no threads when it forks."""

from __future__ import annotations

import hashlib
import multiprocessing
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from sqlalchemy import Engine

from shared.container import Services
from shared.db.engine import open_engine
from shared.domain.errors import JobDeleted
from shared.domain.job import Job, JobState
from shared.schemas.result import ResultDocument
from tests.chaos import lives, witness
from tests.chaos.lives import Story, World
from tests.chaos.places import Death, Survey
from tests.support.clock import ManualClock
from tests.support.servers.postgres import DatabaseClock
from tests.support.stored_logits import stored_logits

SEED = 5
DEATHS = 2

# Forked, so that a process need not be warmed up before it dies.
processes = multiprocessing.get_context("fork")


def die_and_recover(story: Story, database_url: str, folder: Path, every: int) -> tuple[int, int]:
    """Kill two processes at one of `every` places of a story, and compare the next one's results with undisturbed ones.

    Returns the number of places and of killed processes. Raises AssertionError.
    """
    clock = ManualClock() if database_url.startswith("sqlite") else DatabaseClock(database_url)
    engine = open_engine(database_url)
    with lives.opened(engine, clock, folder) as world:
        unanswered = undisturbed(world, lives.analysed)
        survey = Survey()
        expected = undisturbed(world, story, survey)
        died = sum(_die(world, story, death, expected, unanswered) for death in chosen(deaths(survey), every))
    engine.dispose()
    return len(survey.found), died


def _die(world: World, story: Story, death: Death, expected: Evidence, unanswered: Evidence) -> int:
    world.answer.unlink()
    before = jobs_of(world.engine)
    died = [lived(world, story, death) for _ in range(DEATHS)].count(False)
    assert lived(world, story, None)
    for job_id in jobs_of(world.engine) - before:
        expected_evidence = expected if job_id == world.answer.read_text() else unanswered
        actual = evidence(world, job_id)
        assert actual == expected_evidence, f"{death}: {actual} instead of {expected_evidence}"
    return died


@dataclass(frozen=True)
class Evidence:
    """The stored state of a job: `objects` maps keys under the job's prefix to hashes.

    Which segments share an object with their logits depends on what else is claimed; here each has a key of its own.
    """

    state: JobState | None
    result: str | None
    objects: dict[str, str]
    recorded: dict[int, int]


def evidence(world: World, job_id: str) -> Evidence:
    recorded = dict(witness.recorded(world.engine).get(job_id, {}))
    folder = world.folder / "objects" / "jobs" / job_id
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".npz"]
    content = {str(path.relative_to(folder)): path.read_bytes() for path in files}
    content |= {f"logits of {index}": logits.tobytes() for index, logits in stored_logits(folder).items()}
    objects = {name: hashlib.sha256(of_object).hexdigest() for name, of_object in content.items()}
    try:
        job = world.services.jobs.get(job_id)
    except JobDeleted:
        return Evidence(None, None, objects, recorded)
    return Evidence(job.state, _result(world.services, job), objects, recorded)


def _result(services: Services, job: Job) -> str | None:
    if job.state is not JobState.SUCCEEDED:
        return None
    _, result = services.reader.result(job.id)
    frame_scores = services.frame_store.segment_scores(job, result.segments)
    conversation = services.speech_store.conversation(job, result.segments)
    document = ResultDocument.from_result(job.recording, result, lambda _: None, frame_scores, conversation)
    return document.model_dump_json()


def jobs_of(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        ids = connection.exec_driver_sql("SELECT id FROM jobs UNION SELECT id FROM deleted_jobs").scalars()
        return set(ids)


def deaths(survey: Survey) -> list[Death]:
    """Return a death at the first and one at the last visit of each place."""
    counts = list(survey.found.items())
    return [Death(place, 1) for place, _ in counts] + [Death(place, times) for place, times in counts if times > 1]


def chosen(all_deaths: Sequence[Death], every: int) -> list[Death]:
    """Return one of `every` deaths, in a fixed order."""
    return Random(SEED).sample(all_deaths, len(all_deaths) // every)


def lived(world: World, story: Story, death: Death | None) -> bool:
    """Return True if the process was not killed."""
    world.clock.advance(10 * lives.LEASE_S)
    world.engine.dispose()  # a connection belongs to the process that made it
    child = processes.Process(target=lives.live, args=(world, story, death))
    child.start()
    child.join()
    assert child.exitcode in (0, -signal.SIGKILL), f"{death}: a process ended with {child.exitcode}"
    return child.exitcode == 0


def undisturbed(world: World, story: Story, survey: Survey | None = None) -> Evidence:
    world.answer.unlink(missing_ok=True)
    lives.live(world, story, survey)
    undisturbed_evidence = evidence(world, world.answer.read_text())
    assert set(undisturbed_evidence.recorded.values()) <= {1}
    return undisturbed_evidence
